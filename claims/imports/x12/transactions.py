"""One transaction set, from its ST to its SE, as the readers of claims and remittances see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..records import Unreadable
from .segments import Segment

ENVELOPE = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA", "TA1"})
MOST_SEGMENTS_AT_ONCE = 20_000  # of one claim: 999 lines, at twenty segments each

_GUIDE = re.compile(r"X([0-9]{3})")


@dataclass(frozen=True, slots=True)
class Header:
    """What ST and GS say of the transaction."""

    place: int
    kind: str  # ST01: 837, 835, 277 …
    number: str  # ST02
    group_number: str  # GS06
    sender: str  # GS02
    version: str  # ST03 or GS08, such as 005010X222A1
    component: str  # the separator inside an element

    @property
    def guide(self) -> str:
        """Which of the implementation guides, such as 222 for professional claims, or nothing."""
        match = _GUIDE.search(self.version)
        return match[1] if match else ""


class Body:
    """The segments between ST and SE, counted."""

    def __init__(self, segments: Iterator[Segment]) -> None:
        self._segments = segments
        self.count = 1  # the ST
        self.end: Segment | None = None  # the segment that ended it: an SE, if all is well

    def __iter__(self) -> Iterator[Segment]:
        for segment in self._segments:
            if segment[1][0] in ENVELOPE:
                self.end = segment
                return
            self.count += 1
            yield segment

    @property
    def is_cut_off(self) -> bool:
        """Whether the file ended in the midst of it, so that its last record may lack something."""
        return self.end is None


def refuse_endless(place: int, begun_at: int) -> None:
    """Keep what is collected for one record within bounds."""
    if place - begun_at > MOST_SEGMENTS_AT_ONCE:
        raise Unreadable(place, f"More than {MOST_SEGMENTS_AT_ONCE} segments belong to one claim or heading.")
