"""Views of the same thing, each with an address of its own; `_tabs.html` draws them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    is_current: bool = False
    count: str = ""
