"""Read the elements of a segment as the amounts, dates, codes and names that they should be.

What cannot be read becomes a Problem under the element's usual name, such as CLM02, and None or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ..records import Problem, Severity
from ..validation import Invalid, has_wrong_check_digit, identifier, name, npi

CODE_LENGTH = 16

_AMOUNT = re.compile(r"(-?)([0-9]{0,10})(?:\.([0-9]{0,2}))?")
_QUANTITY = re.compile(r"-?(?:[0-9]{1,10}(?:\.[0-9]{0,5})?|\.[0-9]{1,5})")
_CODE = re.compile(rf"[A-Za-z0-9.\-]{{1,{CODE_LENGTH}}}")
_PLAUSIBLE_YEARS = range(1900, 2101)

_is_doubtful_npi = lru_cache(maxsize=4096)(has_wrong_check_digit)


@dataclass(slots=True, repr=False)
class Elements:
    """One segment, with the place where its problems are told."""

    place: int
    texts: list[str]
    component: str  # the separator inside an element
    problems: list[Problem]
    severity: Severity = Severity.ERROR

    def text(self, index: int) -> str:
        return self.texts[index].strip() if index < len(self.texts) else ""

    def tell(self, index: int, reason: str, severity: Severity | None = None) -> None:
        """Add a problem of one element, or of the whole segment when the index is 0."""
        where = f"{self.texts[0]}{index:02d}" if index else self.texts[0]
        self.problems.append(Problem(self.place, where, reason, severity or self.severity))

    def amount(self, index: int, *, is_required: bool = True) -> int | None:
        text = self.text(index)
        value = cents(text)
        if text and value is None:
            self.tell(index, "must be an amount with at most two decimals, such as 125.00")
        elif is_required and not text:
            self.tell(index, "is missing: an amount must stand here")
        return value

    def charge(self, index: int) -> int | None:
        value = self.amount(index)
        if value is not None and value < 0:
            self.tell(index, "must not be negative")
        return value

    def quantity(self, index: int) -> str:
        """A number of units as it was sent."""
        text = self.text(index)
        if text and not _QUANTITY.fullmatch(text):
            self.tell(index, "must be a number")
            return ""
        return text

    def day(self, index: int) -> date | None:
        text = self.text(index)
        found = day(text)
        if text and found is None:
            self.tell(index, "must be a date that exists, written as 20260131")
        return found

    def period(self, qualifier: int, index: int) -> tuple[date, date] | None:
        """The first and last day of a date (D8), a range (RD8) or a moment (DT)."""
        found = period(self.text(qualifier), self.text(index))
        if found is None:
            self.tell(index, "must be a date that exists, D8 with 20260131 or RD8 with 20260131-20260201")
        return found

    def npi(self, index: int) -> str:
        """Only its form decides whether it is taken: clients do send NPIs whose check digit is wrong."""
        number = self.read(npi, self.text(index), index)
        if number and _is_doubtful_npi(number):
            self.tell(index, "fails the NPI's check digit; look for a mistyped digit", Severity.WARNING)
        return number

    def identifier(self, index: int) -> str:
        return self.read(identifier, self.text(index), index)

    def name(self, index: int) -> str:
        return self.read(name, self.text(index), index)

    def code(self, index: int) -> str:
        return self.read(code, self.text(index), index)

    def codes(self, index: int, most: int) -> list[str]:
        """The first codes of an element that has components; at least one, which may be empty."""
        parts = self.text(index).split(self.component)[:most]
        try:
            return [part and code(part) for part in parts]
        except Invalid as invalid:
            self.tell(index, str(invalid))
            return [""]

    def read(self, read: Callable[[str], str], text: str, index: int) -> str:
        if not text:
            return ""
        try:
            return read(text)
        except Invalid as invalid:
            self.tell(index, str(invalid))
            return ""


@lru_cache(maxsize=4096)
def code(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise Invalid(f"must be a code of at most {CODE_LENGTH} letters and digits")
    return text


@lru_cache(maxsize=4096)
def cents(text: str) -> int | None:
    """Whole cents of an amount as X12 writes it: no thousands separator, no exponent."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction = match.groups("")
    if not whole and not fraction:
        return None
    value = int(whole + fraction.ljust(2, "0"))
    return -value if sign else value


def dollars(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


@lru_cache(maxsize=4096)
def day(text: str) -> date | None:
    if len(text) != 8 or not (text.isascii() and text.isdigit()) or int(text[:4]) not in _PLAUSIBLE_YEARS:
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def period(qualifier: str, text: str) -> tuple[date, date] | None:
    if qualifier not in ("D8", "RD8", "DT"):
        return None
    first, dash, last = text.partition("-")
    if (qualifier == "RD8") != bool(dash):
        return None
    begin = day(first[:8] if qualifier == "DT" else first)
    end = day(last) if dash else begin
    return (begin, end) if begin and end and begin <= end else None
