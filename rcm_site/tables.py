"""Tables on pages: which columns, how they sort, and where the next rows are. `_table.html` draws them.

Columns name what they sort by, so nothing that somebody types into an address reaches `order_by`. A page
reads one row more than it shows instead of counting: a count of millions of rows is a page's whole budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from django.db.models import QuerySet
from django.http import HttpRequest

SIZES = (25, 50, 100)
# Past this the database reads and throws away more rows than anybody pages through: filter instead.
LAST_PAGE = 10_000


@dataclass(frozen=True)
class Cell:
    text: str
    badge: str = ""
    title: str = ""
    numeric: bool = False
    share: Decimal | None = None  # of the largest in its column, drawn as a bar under the figure
    url: str = ""  # of a cell that leads elsewhere than its row
    tone: str = ""  # good or bad, for a change


@dataclass(frozen=True)
class Column:
    name: str
    label: str
    show: Callable[[Any], str | Cell]
    numeric: bool = False
    # A field or annotation; nothing means that the column does not sort. Rows that a page made itself sort by
    # the column's value, whatever stands here.
    sort: str = ""
    value: Callable[[Any], object] | None = None  # a number or a day as a spreadsheet takes it

    def cell(self, row: Any) -> Cell:
        shown = self.show(row)
        return shown if isinstance(shown, Cell) else Cell(shown, numeric=self.numeric)

    def exported(self, row: Any) -> object:
        return self.value(row) if self.value else self.cell(row).text


@dataclass(frozen=True)
class Heading:
    label: str
    name: str
    numeric: bool
    sort_url: str | None
    sorted: str


@dataclass(frozen=True)
class Row:
    cells: list[Cell]
    url: str | None
    anchor: str = ""
    pick: str = ""  # what its tick sends


class Keys(Protocol):
    """Of rows, in their order: read already, or read as somebody looks."""

    def __getitem__(self, place: slice, /) -> Iterable[Any]: ...


@dataclass(frozen=True)
class SizeLink:
    label: str
    url: str
    is_current: bool


@dataclass
class Table:
    request: HttpRequest
    queryset: QuerySet[Any] | Sequence[Any]
    shown: list[Column]
    default_sort: str = ""
    link: Callable[[Any], str | None] = lambda row: None
    caption: str = ""
    empty_title: str = "Nothing here"
    empty_text: str = ""
    empty_url: str = ""
    empty_action: str = ""
    totals: list[Cell] | None = None
    # Names each row's link in a table that refreshes itself, so that it keeps the focus.
    anchors: str = ""
    picks: str = ""  # the id of a form to which rows are picked, by their key
    key: str = ""  # names it on a page with several tables: in addresses, and to be exported
    export_url: str = ""  # answers with the whole table when `format=csv` or `format=xlsx` is added
    # The keys of its rows in their default order, and how to read rows: to find both at once may take longer.
    keys: Keys | None = None
    read: Callable[[Any], Mapping[Any, Any]] | None = None
    columns: list[Heading] = field(init=False)
    rows: list[Row] = field(init=False)
    previous_url: str | None = field(init=False)
    next_url: str | None = field(init=False)
    range_text: str = field(init=False)
    size_links: list[SizeLink] = field(init=False)

    def __post_init__(self) -> None:
        size = self._one_of("size", SIZES)
        page = min(max(_whole(self._asked("page")), 1), LAST_PAGE)
        sort = self._sort()
        found = self._found((page - 1) * size, page * size + 1, sort)
        here, has_more = found[:size], len(found) > size
        self.columns = [self._heading(column, sort) for column in self.shown]
        self.rows = [self._row(each) for each in here]
        self.previous_url = self._url(page=page - 1) if page > 1 else None
        self.next_url = self._url(page=page + 1) if has_more and page < LAST_PAGE else None
        self.range_text = _range_in_words((page - 1) * size + 1, len(here), has_more) if here else ""
        self.size_links = [
            SizeLink(str(each), self._url(size=each, page=None), each == size) for each in SIZES
        ]

    def _found(self, first: int, last: int, sort: str) -> list[Any]:
        if self.keys is None or self.read is None or sort != self.default_sort:
            return list(self.ordered()[first:last])
        chosen = self.keys[first:last]
        rows = self.read(chosen)
        return [rows[key] for key in chosen if key in rows]  # one may have gone since

    def _row(self, row: Any) -> Row:
        anchor = f"{self.anchors}-{row.pk}" if self.anchors else ""
        pick = str(row.pk) if self.picks else ""
        return Row([column.cell(row) for column in self.shown], self.link(row), anchor, pick)

    def _sort(self) -> str:
        asked = self._asked("sort")
        sortable = {column.name for column in self.shown if column.sort}
        return asked if asked.removeprefix("-") in sortable else self.default_sort

    def ordered(self) -> QuerySet[Any] | Sequence[Any]:
        """All its rows, as they are sorted."""
        sort = self._sort()
        column = {column.name: column for column in self.shown}.get(sort.removeprefix("-"))
        if column is None or not column.sort:
            return self.queryset
        is_down = sort.startswith("-")
        if not isinstance(self.queryset, QuerySet):
            return _in_order(self.queryset, column.value or column.show, is_down=is_down)
        # The key settles ties, so that no row shows on two pages and none on neither.
        down = "-" if is_down else ""
        return self.queryset.order_by(f"{down}{column.sort}", f"{down}pk")

    @property
    def exports(self) -> list[tuple[str, str]]:
        return export_links(self.export_url)

    def _asked(self, name: str) -> str:
        return self.request.GET.get(self._parameter(name), "")

    def _parameter(self, name: str) -> str:
        return f"{self.key}-{name}" if self.key else name

    def _heading(self, column: Column, sort: str) -> Heading:
        state = {column.name: "asc", f"-{column.name}": "desc"}.get(sort, "")
        turned = f"-{column.name}" if state == "asc" else column.name
        url = self._url(sort=turned, page=None) if column.sort else None
        return Heading(column.label, column.name, column.numeric, url, state)

    def _one_of(self, name: str, allowed: tuple[int, ...]) -> int:
        asked = _whole(self._asked(name))
        return asked if asked in allowed else allowed[0]

    def _url(self, **changes: Any) -> str:
        query = self.request.GET.copy()
        for each, value in changes.items():
            name = self._parameter(each)
            query.pop(name, None)
            if value is not None:
                query[name] = str(value)
        return f"?{query.urlencode()}{f'#{self.key}' if self.key else ''}"


def export_links(url: str) -> list[tuple[str, str]]:
    """Where what a page shows is had as a file."""
    joint = "&" if "?" in url else "?"
    return [(name, f"{url}{joint}format={code}") for name, code in (("CSV", "csv"), ("Excel", "xlsx")) if url]


def _in_order(rows: Sequence[Any], value: Callable[[Any], Any], *, is_down: bool) -> list[Any]:
    """Rows that a page made itself, by what they show; what is not known comes last either way."""
    known = [row for row in rows if value(row) is not None]
    return sorted(known, key=value, reverse=is_down) + [row for row in rows if value(row) is None]


def _range_in_words(first: int, rows: int, has_more: bool) -> str:
    """Where these rows stand; that they are all is worth knowing, too."""
    if first == 1 and not has_more:
        return "1 row" if rows == 1 else f"{rows:,} rows"
    return f"{first:,}–{first + rows - 1:,}{', and more' if has_more else ''}"


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
