"""Reads the values of fields: amounts, dates, NPIs, procedures and texts, each from the text that was sent.

Each function returns the value or raises `Invalid`, whose reason never repeats the text, which may be PHI.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any

from .records import Kind, Problem, Status

IDENTIFIER_LENGTH = 80
NAME_LENGTH = 200
NOTE_LENGTH = 2_000
HIGHEST_AMOUNT = 99_999_999_99  # cents
FIRST_DAY = date(1900, 1, 1)
MISSING = "is missing"


class Invalid(ValueError):
    """The reason why a field's text is refused, without the text."""


class Memo(dict[str, Any]):
    """Remembers what a text was read as: columns repeat themselves, and reading is slow."""

    SIZE = 100_000
    LONGEST = 64

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Any:
        value = self._read(text)
        if len(text) <= self.LONGEST:
            if len(self) >= self.SIZE:
                self.clear()
            self[text] = value
        return value


class Form:
    """Reads the fields of one row or object, and says what is wrong with those that it cannot read."""

    def __init__(self, fields: Mapping[str, Callable[[str], Any]], required: Collection[str]) -> None:
        self._fields = fields
        self._required = frozenset(required)

    def read(
        self, place: int, texts: Mapping[str, str], names: Mapping[str, str], problems: list[Problem]
    ) -> dict[str, Any]:
        """The values by field, without those that are empty; `names` are what the sender calls each field."""
        values = {}
        for field, text in texts.items():
            if text and not text.isspace():
                try:
                    values[field] = self._fields[field](text)
                except Invalid as invalid:
                    problems.append(Problem(place, names[field], str(invalid)))
            elif field in self._required:
                problems.append(Problem(place, names[field], MISSING))
        for field in sorted(self._required - texts.keys()):
            problems.append(Problem(place, names[field], MISSING))
        return values


# Texts -----------------------------------------------------------------------------------------------

# Control characters, lone surrogates, and marks that turn the direction of what follows.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffd-\uffff]"
)


def identifier(text: str) -> str:
    """A number or code by which somebody is known; what cannot be seen would make two of one."""
    text = text.strip()
    if not text:
        raise Invalid(MISSING)
    if len(text) > IDENTIFIER_LENGTH:
        raise Invalid(f"must be at most {IDENTIFIER_LENGTH} characters long")
    if not text.isprintable():
        raise Invalid("must not hold control characters, line breaks or others that cannot be seen")
    return text


def name(text: str) -> str:
    return _plain(text, NAME_LENGTH)


def note(text: str) -> str:
    return _plain(text, NOTE_LENGTH)


def _plain(text: str, length: int) -> str:
    if not text.isprintable() and _FORBIDDEN.search(text):
        raise Invalid("must not hold control characters or broken ones")
    text = " ".join(text.split())
    if not text:
        raise Invalid(MISSING)
    if len(text) > length:
        raise Invalid(f"must be at most {length:,} characters long")
    return text


# Amounts ---------------------------------------------------------------------------------------------

_USUAL_AMOUNT = re.compile(r"\$?([0-9]{1,8})\.([0-9]{2}) ?")
_AMOUNT = re.compile(r"(-)?\$? ?(?=\.?[0-9])([0-9]{1,3}(?:,[0-9]{3})+|[0-9]*)(?:\.([0-9]*))?")


def amount(text: str) -> int:
    """Cents of an amount such as `$1,234.50`."""
    if usual := _USUAL_AMOUNT.fullmatch(text):
        return int(usual[1] + usual[2])
    text = text.strip()
    if not text:
        raise Invalid(MISSING)
    if text[0] == "(" and text[-1] == ")":  # how accountants write what is below zero
        text = "-" + text[1:-1]
    match = _AMOUNT.fullmatch(text) if len(text) <= 40 else None
    if match is None:
        if text.isascii() and text.isdigit():
            raise Invalid("must be at most 99,999,999.99")
        raise Invalid("must be an amount such as 1234.50")
    minus, whole, cents = match[1], match[2].replace(",", ""), match[3] or ""
    if len(cents) > 2:
        raise Invalid("must have at most two decimals")
    value = int(whole or "0") * 100 + int(cents.ljust(2, "0"))
    if minus and value:
        raise Invalid("must not be negative")
    if value > HIGHEST_AMOUNT:
        raise Invalid("must be at most 99,999,999.99")
    return value


# Codes -----------------------------------------------------------------------------------------------

_NPI = re.compile("[0-9]{10}")
_DENTAL = re.compile("D[0-9]{4}")
_PROCEDURE = re.compile("[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}")
_PREFIX_SUM = 24  # of 80840, with which an NPI's check digit is reckoned


def npi(text: str) -> str:
    text = text.strip()
    if not _NPI.fullmatch(text):
        raise Invalid("must be exactly 10 digits")
    return text


def has_wrong_check_digit(number: str) -> bool:
    """Only worth a warning: NPIs that fail it are in real use."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[0::2])
    return (_PREFIX_SUM + sum(doubled) + sum(map(int, number[1::2]))) % 10 != 0


def procedure(text: str, *, kind: Kind) -> str:
    text = text.strip()
    if kind == Kind.DENTAL:
        if not _DENTAL.fullmatch(text):
            raise Invalid("must be a D and 4 digits")
    elif not _PROCEDURE.fullmatch(text):
        raise Invalid("must be a CPT or HCPCS code of 5 characters")
    return text


_STATUSES = {
    "submitted": Status.SUBMITTED,
    "sent": Status.SUBMITTED,
    "pending": Status.PENDING,
    "pended": Status.PENDING,
    "in process": Status.PENDING,
    "in review": Status.PENDING,
    "paid": Status.PAID,
    "denied": Status.DENIED,
    "appealed": Status.APPEALED,
    "in appeal": Status.APPEALED,
    "written off": Status.WRITTEN_OFF,
    "write off": Status.WRITTEN_OFF,
    "void": Status.VOID,
    "voided": Status.VOID,
}


def status(text: str) -> Status:
    words = " ".join(re.split(r"[\s_-]+", text.strip().lower()))
    if words not in _STATUSES:
        raise Invalid("must be one of submitted, pending, paid, denied, appealed, written off, void")
    return _STATUSES[words]


def kind(text: str) -> Kind:
    try:
        return Kind(text.strip().lower())
    except ValueError:
        raise Invalid("must be professional, institutional or dental") from None


_FLAGS = dict.fromkeys(("yes", "y", "true", "t", "1", "x", "error"), True) | dict.fromkeys(
    ("no", "n", "false", "f", "0", "ok"), False
)


def flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in _FLAGS:
        raise Invalid("must be yes or no")
    return _FLAGS[word]


# Dates -----------------------------------------------------------------------------------------------

_MOMENT = re.compile(
    r"(?:(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"|(?P<us_month>[0-9]{1,2})/(?P<us_day>[0-9]{1,2})/(?P<us_year>[0-9]{4}|[0-9]{2})"
    r"|(?P<flat>[0-9]{8}))"
    r"(?P<time>[T ] ?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r" ?(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


def service_date(text: str, *, today: date) -> date:
    """The day; a time of day beside it must be one, and is left out."""
    moment = _moment(text, today, None)
    return moment.date() if isinstance(moment, datetime) else moment


def birth_date(text: str, *, today: date) -> date:
    day = service_date(text, today=today)
    if day > today:
        raise Invalid("must not be in the future")
    return day


def moment(text: str, *, today: date, zone: tzinfo) -> datetime | date:
    """An aware moment, or the day alone where no time is said; spreadsheets add 0:00 to days."""
    return _moment(text, today, zone)


def exact_moment(text: str, *, today: date, zone: tzinfo) -> datetime:
    """An aware moment; a day alone means its beginning."""
    found = _moment(text, today, zone)
    return found if isinstance(found, datetime) else datetime(found.year, found.month, found.day, tzinfo=zone)


def _moment(text: str, today: date, zone: tzinfo | None) -> datetime | date:
    text = text.strip()
    if not text:
        raise Invalid(MISSING)
    match = _MOMENT.fullmatch(text) if len(text) <= 64 else None
    if match is None:
        raise Invalid("must be a date such as 2026-03-28 or 3/28/2026")
    try:
        day = _day(match, today)
        found = _with_time(match, day, zone) if match["time"] else day
    except ValueError:
        raise Invalid("must be a date that exists") from None
    if day < FIRST_DAY:
        raise Invalid("must not be before 1900")
    if day > _last_day(today):
        raise Invalid("must not be more than a year ahead")
    return found


def _day(match: re.Match[str], today: date) -> date:
    if match["flat"]:
        flat = match["flat"]
        return date(int(flat[:4]), int(flat[4:6]), int(flat[6:]))
    if match["year"]:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    year, month, day = int(match["us_year"]), int(match["us_month"]), int(match["us_day"])
    if len(match["us_year"]) == 2:
        year += 2000 if (2000 + year, month, day) <= _last_day(today).timetuple()[:3] else 1900
    return date(year, month, day)


def _with_time(match: re.Match[str], day: date, zone: tzinfo | None) -> datetime | date:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("no hour of a half day")
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    micro = int((match["fraction"] or "").ljust(6, "0")[:6])
    found = datetime(
        day.year, day.month, day.day, hour, minute, second, micro, _offset(match["offset"]) or zone
    )
    is_day_alone = not (hour or minute or second or micro or match["offset"] or match["half"])
    return day if is_day_alone else found


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text in "Zz":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "").ljust(4, "0")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))


def _last_day(today: date) -> date:
    return today + timedelta(days=366)
