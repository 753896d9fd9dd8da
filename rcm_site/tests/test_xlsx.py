"""Excel sheets hold what was written: numbers as numbers, days as days, and nothing that runs."""

import io
import tracemalloc
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from rcm_site import cells, xlsx
from rcm_site.cells import Say, as_it_is
from rcm_site.spreadsheets import Sheet, chunks, export, of_table
from rcm_site.tables import Column
from rcm_site.templatetags.ui import money
from rcm_site.xlsx import Share


def written(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Worksheet:
    """The sheet as another program reads it."""
    response = export("xlsx", "claims", headings, rows)
    return load_workbook(io.BytesIO(b"".join(response))).active


def test_each_kind_of_value_comes_back_as_what_it_is(settings) -> None:
    settings.TIME_ZONE = "America/New_York"
    moment = datetime(2026, 11, 12, 19, 5, tzinfo=UTC)
    row = [
        "Ana",
        Decimal("-1234.50"),
        61_204,
        date(2026, 11, 12),
        moment,
        Share("0.1119"),
        None,
        True,
        Decimal(1) / 3,
    ]
    sheet = written([f"h{place}" for place in range(9)], [row])
    assert [cell.value for cell in sheet[2]] == [
        "Ana",
        -1234.5,
        61_204,
        datetime(2026, 11, 12, tzinfo=UTC).replace(tzinfo=None),
        datetime(2026, 11, 12, 14, 5, tzinfo=UTC).replace(tzinfo=None),
        0.1119,
        None,
        "yes",
        0.333333333333333,
    ]
    assert [cell.number_format for cell in sheet[2]][1:6] == [
        "#,##0.00",
        "#,##0",
        "d mmm yyyy",
        "d mmm yyyy hh:mm",
        "0.0%",
    ]


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", '=HYPERLINK("x")'])
def test_what_somebody_typed_never_becomes_a_formula(typed: str) -> None:
    sheet = written([typed], [[typed]])
    for cell in (sheet["A1"], sheet["A2"]):
        assert cell.data_type != "f"
        assert cell.value == f"'{typed}"


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("a\x00b\x0bc", "a\ufffdb\ufffdc"),
        ("\ud800", "\ufffd"),
        # Excel takes the first underscore's escape back; this reader shows it.
        ("_x0041_", "_x005F_x0041_"),
        ("  two  spaces ", "  two  spaces "),
        ("line\nbreak", "line\nbreak"),
        ("9" * 16, "9" * 16),
    ],
)
def test_any_text_survives_or_is_made_harmless(text: str, back: str) -> None:
    assert written(["Note"], [[text]])["A2"].value == back


def test_what_excel_cannot_hold_is_written_as_text() -> None:
    row = [Decimal("NaN"), Decimal("1E+999999"), 10**15, date(1899, 1, 1), "x" * 40_000]
    sheet = written(list("abcde"), [row])
    values = [cell.value for cell in sheet[2]]
    assert values[:4] == ["NaN", "1E+999999", str(10**15), "1899-01-01"]
    assert len(str(values[4])) == 32_767
    assert str(values[4]).endswith("…")


def test_the_heading_is_frozen_and_bold_and_columns_are_as_wide_as_their_content() -> None:
    sheet = written(["Id", "Payer"], [[1, "Blue Cross Blue Shield"]])
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold
    assert not sheet["A2"].font.bold
    assert sheet.column_dimensions["A"].width == 8
    assert sheet.column_dimensions["B"].width == 24


def test_a_last_sheet_says_what_the_file_is() -> None:
    sheet = Sheet(
        "Claims", [("Filters", "=Aetna"), ("Rows", 2), ("Made", datetime(2026, 11, 12, tzinfo=UTC))]
    )
    book = load_workbook(io.BytesIO(b"".join(export("xlsx", "claims", ["Id"], [[1], [2]], sheet))))
    assert book.sheetnames == ["Claims", "About"]
    assert [[cell.value for cell in row] for row in book["Claims"]] == [["Id"], [1], [2]]
    assert [row[1].value for row in book["About"]][1:3] == ["'=Aetna", 2]


def test_the_same_values_are_written_alike_however_often_and_however_exact() -> None:
    amounts = [Decimal("0.00"), Decimal("-0.05"), Decimal("1E+3"), Decimal("123456789012345.67"), Decimal(7)]
    sheet = written(["Amount", "Day", "Note"], [[each, date(2026, 11, 12), " x "] for each in amounts * 2])
    found = [row[0].value for row in sheet.iter_rows(min_row=2)]
    assert found == [0, -0.05, 1000, 123456789012346, 7] * 2
    assert sheet["A2"].number_format == "#,##0.00"
    assert {row[1].value.date() for row in sheet.iter_rows(min_row=2)} == {date(2026, 11, 12)}
    assert {row[2].value for row in sheet.iter_rows(min_row=2)} == {" x "}


def test_what_columns_say_is_written_as_the_rows_themselves_would_be(monkeypatch) -> None:
    monkeypatch.setattr(cells, "CELLS_KEPT", 3)
    held: list[list[Any]] = [
        [text, cents, None] for text in ("=1", "a<b", "Ana", "\0", "") for cents in (-5, None, 0, 10**17)
    ]
    says: list[Say] = [
        lambda text: f"{text}!",
        lambda cents: None if cents is None else Decimal(cents) / 100,
        as_it_is,
    ]
    said = [[say(value) for say, value in zip(says, row, strict=True)] for row in held]
    ours, plain = (
        [[(cell.value, cell.number_format) for cell in row] for row in load_workbook(io.BytesIO(file)).active]
        for file in (
            b"".join(chunks("xlsx", ["a", "b", "c"], held, says=says)),
            b"".join(chunks("xlsx", ["a", "b", "c"], said)),
        )
    )
    assert ours == plain
    assert ours[1][0][0] == "'=1!"


def test_a_table_without_rows_is_a_heading() -> None:
    assert [[cell.value for cell in row] for row in written(["Id"], [])] == [["Id"]]


def test_more_columns_than_letters_are_named_as_excel_names_them() -> None:
    sheet = written([str(place) for place in range(30)], [list(range(30))])
    assert (sheet["Z2"].value, sheet["AA2"].value, sheet["AD2"].value) == (25, 26, 29)


def test_what_one_sheet_cannot_hold_goes_onto_the_next(monkeypatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS_A_SHEET", 400)
    response = export("xlsx", "claims", ["Id"], ([place] for place in range(800)))
    book = load_workbook(io.BytesIO(b"".join(response)))
    assert [sheet.max_row for sheet in book.worksheets] == [401, 401]
    assert [sheet["A2"].value for sheet in book.worksheets] == [0, 400]


def test_a_long_table_leaves_in_pieces_and_is_never_held() -> None:
    rows = ([place, "Aetna", Decimal(place) / 100] for place in range(10_000))
    tracemalloc.start()
    pieces = [len(piece) for piece in export("xlsx", "claims", ["Id", "Payer", "Paid"], rows)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(pieces) > 15
    assert peak < 3_000_000


@pytest.mark.parametrize(("kind", "content_type"), [("csv", "text/csv"), ("xlsx", "application/vnd.")])
def test_both_kinds_are_files_that_nobody_caches(kind: str, content_type: str) -> None:
    response = export(kind, "denials-2026-11", ["Id"], [[1]])
    assert response["Content-Disposition"] == f'attachment; filename="denials-2026-11.{kind}"'
    assert response["Content-Type"].startswith(content_type)
    assert response["Cache-Control"] == "no-store"


def test_another_kind_is_refused() -> None:
    with pytest.raises(BadRequest, match="csv, xlsx"):
        export("exe", "claims", ["Id"], [])


def test_a_page_exports_the_columns_it_shows() -> None:
    columns = [
        Column("payer", "Payer", lambda row: row["payer"]),
        Column("paid", "Paid", lambda row: money(row["paid"]), value=lambda row: row["paid"]),
    ]
    headings, rows = of_table(columns, [{"payer": "Aetna", "paid": Decimal("1234.50")}])
    sheet = written(headings, rows)
    assert [[cell.value for cell in row] for row in sheet] == [["Payer", "Paid"], ["Aetna", 1234.5]]
