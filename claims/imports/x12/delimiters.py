"""The characters that divide an X12 file, found in its ISA or inferred where there is none.

Each interchange has its own. An ISA should be of fixed width, but senders drop its blanks, so its elements
are counted rather than its columns.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LOOK_AHEAD = 512  # an ISA takes 106 characters; a GS or an ST fewer

_ISA_ELEMENTS = 16
_NEXT_AFTER = {"ISA": "GS|TA1|ST", "GS": "ST", "ST": "BHT|BPR|AK1|BGN|[A-Z][A-Z0-9]{1,2}"}


class Delimiters(NamedTuple):
    element: str
    component: str
    segment: str

    @property
    def are_usable(self) -> bool:
        return len(set(self)) == len(self) and all(_may_delimit(each) for each in self)


def _may_delimit(character: str) -> bool:
    return len(character) == 1 and character.isascii() and not character.isalnum() and character != " "


def find_delimiters(opening: bytes) -> Delimiters | None:
    """What divides a file that begins so: with ISA, GS or ST. None when that cannot be told."""
    text = opening.decode("latin-1")
    name = "ISA" if text.startswith("ISA") else text[:2]
    if name not in _NEXT_AFTER or len(text) <= len(name):
        return None
    element = text[len(name)]
    found = _stated(text, element) if name == "ISA" else None
    if found is None or not found.are_usable:
        found = _inferred(text, name, element)
    return found if found is not None and found.are_usable else None


def _stated(text: str, element: str) -> Delimiters | None:
    """ISA16 is the component separator itself, and the character after it ends the segment."""
    at = -1
    for _ in range(_ISA_ELEMENTS):
        at = text.find(element, at + 1, LOOK_AHEAD)
        if at < 0:
            return None
    return Delimiters(element, text[at + 1 : at + 2], text[at + 2 : at + 3])


def _inferred(text: str, name: str, element: str) -> Delimiters | None:
    """A segment ends just before the name of the one that must follow it."""
    mark = re.escape(element)
    end = re.search(rf"([^\w {mark}])\s*(?:{_NEXT_AFTER[name]}){mark}", text[:LOOK_AHEAD], re.ASCII)
    if end is None:
        return None
    qualified = re.search(rf"{mark}(?:HC|AD|NU|A?BK)([^\w\s{mark}{re.escape(end[1])}])", text, re.ASCII)
    return Delimiters(element, qualified[1] if qualified else ":", end[1])
