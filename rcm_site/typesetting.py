"""What goes to Typst: text as text, without anything that cannot be printed or would leave the page."""

from __future__ import annotations

import re
from typing import Any

# No line can be broken within a longer run of letters: it would leave the page.
LONGEST_RUN = 60
RUN = re.compile(rf"(\S{{{LONGEST_RUN}}})(?=\S)")
BREAK_HERE = "\u200b"


def plain(told: Any) -> Any:
    """Every text in it as it can be printed, with places to break what is longer than a line."""
    if told is None or isinstance(told, bool):
        return told
    if isinstance(told, dict):
        return {name: plain(value) for name, value in told.items()}
    if isinstance(told, list):
        return [plain(each) for each in told]
    return RUN.sub(rf"\1{BREAK_HERE}", printable(str(told)))


def printable(text: str) -> str:
    return "".join(each if each == "\n" or each.isprintable() else " " for each in text)
