"""Reads claims from JSON: one claim with its lines, or a list of them of which one is held at a time.

Numbers stay the text that was sent until a field reads them, so that nothing is rounded or overflows.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from .claim_lines import CLAIM_COLUMNS, LABELS, LINE_COLUMNS, LineForm, claim_form, finished, new_claim
from .records import ClaimRecord, Problem, Record, Unreadable
from .rules import Limits, Rules
from .tabular import Column, shown, spelling_of

_BLOCK = 1 << 16
_CONTAINERS = (dict, list)
_NO_SPACE = re.compile(r"[^ \t\n\r]")


class _Repeated(dict[str, object]):
    """An object in which a name stands twice: nobody knows which of its values is meant."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeated(found)


class _NotANumber:
    """What NaN and Infinity become: no field takes it."""

    def __init__(self, _name: str) -> None: ...


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=_NotANumber
)


def read_claim_json(file: BinaryIO, rules: Rules) -> Iterator[Record]:
    form = LineForm(rules)
    for place, (item, text) in enumerate(_Items(file, rules.limits), start=1):
        claim = claim_of(item, place, rules, form)
        if claim.is_refused:
            claim.source.append((place, [text]))
        yield claim


def read_body(body: bytes, rules: Rules, form: LineForm | None = None) -> ClaimRecord:
    """The one claim that a request brings. Unlike a file's, it may say nothing that nobody reads."""
    if len(body) > rules.limits.json_item:
        raise Unreadable(1, "is too long for one claim")
    try:
        item = _DECODER.decode(body.decode("utf-8-sig"))
    except RecursionError:
        raise Unreadable(1, _too_deep(rules.limits)) from None
    except ValueError:
        raise Unreadable(1, "is not valid JSON in UTF-8") from None
    if not isinstance(item, dict):
        raise Unreadable(1, "must be one claim with its lines")
    claim = claim_of(item, 1, rules, form)
    claim.problems += _unknown(item)
    return claim


def _unknown(item: dict[str, object]) -> Iterator[Problem]:
    lines = next((value for name, value in item.items() if spelling_of(name) == "lines"), None)
    of_lines = [
        (f"line {number}: ", line, LINE_COLUMNS)
        for number, line in enumerate(lines if isinstance(lines, list) else (), start=1)
        if isinstance(line, dict)
    ]
    for prefix, each, columns in [("", item, (*CLAIM_COLUMNS, Column("lines", "lines"))), *of_lines]:
        known = {spelling for column in columns for spelling in column.spellings}
        for name in each:
            if spelling_of(name) not in known:
                yield Problem(1, prefix + shown(name), "is no field that can be sent here")


def claim_of(item: object, place: int, rules: Rules, form: LineForm | None = None) -> ClaimRecord:
    """The claim that a parsed object says; its problems name the fields as the object does."""
    if _depth(item) > rules.limits.json_depth:
        raise Unreadable(place, _too_deep(rules.limits))
    problems: list[Problem] = []
    texts, names = _texts(item, CLAIM_COLUMNS, place, "", problems)
    claim = new_claim(place, claim_form().read(place, texts, names, problems), problems, rules.kind)
    lines = _lines(item, place, rules.limits, problems)
    form = form or LineForm(rules)
    for number, each in enumerate(lines, start=1):
        texts, names = _texts(each, LINE_COLUMNS, place, f"line {number}: ", problems)
        line = form.read(place, number, texts, names, claim.kind, problems)
        form.warn(claim, line, names)
        claim.lines.append(line)
    return finished(claim)


def _lines(item: object, place: int, limits: Limits, problems: list[Problem]) -> Sequence[object]:
    named = item if isinstance(item, dict) else {}
    lines = next((value for name, value in named.items() if spelling_of(name) == "lines"), None)
    if isinstance(lines, list) and 0 < len(lines) <= limits.lines_of_a_claim:
        return lines
    reason = f"must be a list of at least one line and at most {limits.lines_of_a_claim:,}"
    problems.append(Problem(place, "lines", reason))
    return ()


def _texts(
    item: object, columns: Sequence[Column], place: int, prefix: str, problems: list[Problem]
) -> tuple[dict[str, str], Mapping[str, str]]:
    """What an object says of each field as text, and what it calls the fields."""
    names = {column.field: prefix + LABELS[column.field] for column in columns}
    if not isinstance(item, dict):
        problems.append(Problem(place, prefix.rstrip(": "), "must be an object with named fields"))
        return {}, names
    if isinstance(item, _Repeated):
        problems.append(Problem(place, prefix.rstrip(": "), "names a field twice"))
    fields = {spelling: column.field for column in reversed(columns) for spelling in column.spellings}
    texts: dict[str, str] = {}
    for name, value in item.items():
        field = fields.get(spelling_of(name))
        if field is None:
            continue
        names[field] = prefix + shown(name)
        if field in texts:
            problems.append(Problem(place, names[field], "is named twice, in two spellings"))
        text = _text(value)
        if text is None:
            problems.append(Problem(place, names[field], "must be text or a number"))
        texts[field] = text or ""
    return texts, names


def _text(value: object) -> str | None:
    """A value as it was sent. Others than our own decoder make int and float of numbers."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    return None


def _depth(value: object) -> int:
    """How deep lists and objects stand in one another; the decoder has kept it within Python's own limit."""
    deepest, level = 0, [value]
    while level := [each for each in level if isinstance(each, _CONTAINERS)]:
        deepest += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return deepest


def _too_deep(limits: Limits) -> str:
    return f"is nested more than {limits.json_depth} levels deep"


class _Items:
    """The claims of a file and the text of each, through a window that slides over it."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._at = 0
        self._ended = False
        self._place = 1

    def __iter__(self) -> Iterator[tuple[dict[str, Any], str]]:
        first = self._next_character()
        if first == "{":
            yield self._only_item()
        elif first == "[":
            yield from self._listed_items()
        else:
            raise Unreadable(1, "must be a claim with its lines, or a list of claims")

    def _only_item(self) -> tuple[dict[str, Any], str]:
        item = self._item()
        self._end()
        return item

    def _listed_items(self) -> Iterator[tuple[dict[str, Any], str]]:
        self._at += 1
        if self._next_character() == "]":
            self._at += 1
        else:
            separator = ","
            while separator == ",":
                if self._next_character() != "{":
                    raise Unreadable(self._place, "must be a claim with its lines")
                yield self._item()
                self._place += 1
                separator = self._next_character()
                self._at += 1
            if separator != "]":
                raise Unreadable(self._place, "is not valid JSON: a comma or the end of the list is missing")
        self._end()

    def _end(self) -> None:
        if self._next_character():
            raise Unreadable(self._place, "is more than one claim or one list of claims")

    def _next_character(self) -> str:
        """The next character that is no space, which stays where it is; nothing at the end."""
        while True:
            if found := _NO_SPACE.search(self._text, self._at):
                self._at = found.start()
                return found[0]
            self._at = len(self._text)
            if not self._fill(_BLOCK):
                return ""

    def _item(self) -> tuple[dict[str, Any], str]:
        while True:
            try:
                item, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise Unreadable(self._place, _too_deep(self._limits)) from None
            except json.JSONDecodeError:
                self._widen()
            else:
                text, self._at = self._text[self._at : end], end
                return item, text

    def _widen(self) -> None:
        """The item may only be cut off by the window's edge: read on, twice as far each time."""
        held = len(self._text) - self._at
        if held > self._limits.json_item:
            raise Unreadable(
                self._place, f"is not valid JSON, or longer than {self._limits.json_item:,} characters"
            )
        if not self._fill(max(held, _BLOCK)):
            raise Unreadable(self._place, "is not valid JSON")

    def _fill(self, size: int) -> bool:
        if self._ended:
            return False
        block = self._file.read(size)
        self._ended = not block
        try:
            more = self._decode(block, self._ended)
        except UnicodeDecodeError:
            raise Unreadable(self._place, "is not UTF-8") from None
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(block)
