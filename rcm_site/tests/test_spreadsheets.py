"""CSV that a spreadsheet opens without running what somebody typed."""

import csv
from decimal import Decimal
from io import StringIO

import pytest

from rcm_site.spreadsheets import csv_chunks, safe_cell


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
