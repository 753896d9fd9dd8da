"""How wide words are, near enough to place and to cut them: the server knows no fonts."""

from __future__ import annotations

from functools import lru_cache

LETTER = 12  # the size of a chart's letters, in the units in which it is drawn
LINE = 16
STRONG = 1.18  # how much wider words are in bold
ROUNDING = 0.01  # room made for these very words, less a gap and more, is theirs
NARROW, WIDE = 0.33, 0.88
WIDTHS = dict.fromkeys("iljtfrI.,:;'|!() ", NARROW) | dict.fromkeys("mwMW@%—", WIDE)


@lru_cache(4096)
def width_of(words: str) -> float:
    return sum(WIDTHS.get(letter) or (0.7 if letter.isupper() else 0.58) for letter in words) * LETTER


def cut(words: str, room: float) -> str:
    """The words, or as many of their letters as fit, and an ellipsis."""
    if width_of(words) <= room + ROUNDING:
        return words
    shown = words
    while shown and width_of(shown) + LETTER > room:
        shown = shown[:-1]
    return f"{shown.rstrip()}…"


def widest(words: list[str]) -> float:
    return max(map(width_of, words), default=0)
