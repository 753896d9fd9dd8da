"""CSV that a spreadsheet opens without running what somebody typed."""

import csv
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest

from rcm_site import cells
from rcm_site.cells import Say, as_it_is
from rcm_site.spreadsheets import chunks, csv_chunks, safe_cell


@pytest.mark.parametrize(
    "typed",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        '=HYPERLINK("x")',
    ],
)
def test_a_formula_becomes_text(typed: str) -> None:
    assert safe_cell(typed) == f"'{typed}"


@pytest.mark.parametrize("value", [-5, Decimal("-1.50"), 0, -0.5, None])
def test_numbers_stay_numbers(value: object) -> None:
    assert safe_cell(value) is value


@pytest.mark.parametrize("text", ["Ana", "a=b", "12-34", "", "e@mail.example"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


def test_lines_come_in_chunks_and_read_back() -> None:
    rows: list[list[object]] = [[number, f'name "{number}"\nline'] for number in range(1_200)]
    chunks = list(csv_chunks(["Id", "Name"], rows))
    assert len(chunks) == 3
    back = list(csv.reader(StringIO(b"".join(chunks).decode("utf-8-sig"))))
    assert back[0] == ["Id", "Name"]
    assert back[-1] == ["1199", 'name "1199"\nline']
    assert len(back) == 1_201


HOSTILE = [
    "=1+1",
    '=HYPERLINK("x")',
    " =1",
    'say "no"',
    "a,b",
    "two\r\nlines",
    "\ud800",
    "",
    None,
    "Ana",
    "Ana",
]


def test_what_columns_say_is_written_as_the_rows_themselves_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "CELLS_KEPT", 3)  # so that some are forgotten, and found out again
    held: list[list[Any]] = [
        [text, place % 4 - 2, date(2026, 11, 1 + place % 5)] for place, text in enumerate(HOSTILE * 60)
    ]
    said = [[text, Decimal(cents).scaleb(-2), day] for text, cents, day in held]
    says: list[Say] = [as_it_is, lambda cents: Decimal(cents).scaleb(-2), as_it_is]
    headings = ["Note", "Paid", "Day"]
    assert list(csv_chunks(headings, held, says)) == list(csv_chunks(headings, said))
    assert len(list(csv_chunks(headings, held, says))) == 2


def test_a_row_that_lacks_a_cell_is_a_mistake_of_ours() -> None:
    for kind in ("csv", "xlsx"):
        with pytest.raises(ValueError, match="zip"):
            list(chunks(kind, ["Id", "Name"], [[1, "Ana"], [2]], says=[as_it_is, as_it_is]))
