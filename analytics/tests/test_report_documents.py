"""Reports on paper and as sheets: all of it there, and nothing that somebody typed is ever run."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import typst
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import User
from analytics.reports import documents, files
from analytics.reports.standard import STANDARD
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 30)
HOSTILE = '#panic("no") $x$ *b* _i_ `c` <a> @r \\u{41} \u202e = + [ ] { }\x0b' + "W" * 70
BY_PAYER = {
    "kpis": ["denial_rate", "denied_charges"],
    "measures": ["denied"],
    "group_by": ["payer"],
    "start": "2026-06-01",
    "end": "2026-06-30",
    "compare": "previous",
    "chart": "bar",
}


@pytest.fixture
def director() -> User:
    return make_user("director", name="=Dora")


@pytest.fixture
def denied() -> None:
    """Enough for bars, of a payer with a hostile name."""
    payer, department = make_payer("=" + HOSTILE), make_department("-Imaging")
    for day in range(1, 25):
        on = date(2026, 6, day)
        make_claim(
            payer=payer,
            department=department,
            status="denied" if day < 7 else "paid",
            charge=Decimal("100.50"),
            submitted_on=on,
            decided_on=on,
        )


def made(user: User, file_format: str, **asked: str) -> tuple[bytes, int]:
    file = files.report_file(user, asked, TODAY)
    return b"".join(file.chunks(file_format, user, timezone.now())), file.rows


def own(user: User, file_format: str, **more: Any) -> bytes:
    return made(user, file_format, asked=json.dumps(BY_PAYER | more))[0]


@pytest.fixture
def set_in_type(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Typst was given, and is given all the same."""
    given, compile_it = [], typst.compile

    def compile(path: Any, **how: Any) -> Any:  # noqa: A001 - as Typst calls it
        given.append(json.loads(how["sys_inputs"]["told"]))
        return compile_it(path, **how)

    monkeypatch.setattr(typst, "compile", compile)
    return given


def test_paper_says_what_was_asked_and_what_the_numbers_mean(
    director: User, denied: None, set_in_type: list[dict[str, Any]]
) -> None:
    pdf = own(director, "pdf")
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    (told,) = set_in_type
    (part,) = told["parts"]
    assert part["words"] == (
        "1 Jun – 30 Jun 2026, all payers, all departments, against the days before, by payer"
    )
    assert told["whose"] == "All departments"
    (table,) = part["tables"]
    assert [each["text"] for each in table["total"]] == [
        *("All", "25.0%", "–", "–", "$603.00", "$0.00", "–", "6", "0", "–")
    ]
    assert [each["title"] for each in part["charts"]] == [
        *("Denial rate (of decided)", "Denied charges", "Claims denied")
    ]
    assert [each["label"] for each in told["definitions"]] == ["Denial rate (of decided)", "Denied charges"]


def test_what_people_typed_is_set_as_it_stands(
    director: User, denied: None, set_in_type: list[dict[str, Any]]
) -> None:
    """`#panic()` would break off the setting of the page, were it read as Typst."""
    own(director, "pdf", group_by=["payer", "department"], chart="bar")
    name = set_in_type[0]["parts"][0]["tables"][0]["rows"][0][0]["text"]
    assert name.startswith('=#panic("no") $x$ *b* _i_ `c` <a> @r \\u{41}   = + [ ] { } ')
    assert max(map(len, re.split("[\\s\u200b]", name))) <= 60
    assert "\u202e" not in json.dumps(set_in_type, ensure_ascii=False)


def test_long_tables_are_cut_on_paper_and_say_so(
    director: User, denied: None, set_in_type: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MOST_ROWS", 10)
    own(director, "pdf", group_by=["day"], chart="line")
    part = set_in_type[0]["parts"][0]
    assert len(part["tables"][0]["rows"]) == 10
    assert "The first 10 rows" in part["notes"][0]


def test_many_numbers_are_set_in_several_tables(
    director: User, denied: None, set_in_type: list[dict[str, Any]]
) -> None:
    kpis = ["denial_rate", "denied_charges", "gross_charges", "open_ar"]
    own(director, "pdf", kpis=kpis, measures=[])
    tables = set_in_type[0]["parts"][0]["tables"]
    assert [len(each["columns"]) for each in tables] == [10, 4]
    assert {each["columns"][0]["label"] for each in tables} == {"Payer"}


@pytest.mark.parametrize("name", STANDARD)
def test_standard_reports_are_set(director: User, denied: None, name: str) -> None:
    pdf, rows = made(director, "pdf", standard=name)
    assert pdf.startswith(b"%PDF-")
    assert rows


def test_csv_is_the_plain_table(director: User, denied: None) -> None:
    rows = list(csv.reader(io.StringIO(own(director, "csv").decode("utf-8-sig"))))
    assert len(rows) == 2
    assert rows[0][:4] == [
        "Payer",
        "Denial rate (of decided)",
        "Denial rate (of decided), period before",
        "Denial rate (of decided), change",
    ]
    assert rows[1][0].startswith("'=#panic")
    assert (rows[1][1], rows[1][4]) == ("0.250000", "24")


def test_excel_holds_numbers_totals_and_what_it_shows(director: User, denied: None) -> None:
    book = load_workbook(io.BytesIO(own(director, "xlsx")))
    assert book.sheetnames == ["Report", "About"]
    sheet = book["Report"]
    assert sheet.freeze_panes == "A2"
    assert [sheet.cell(row=3, column=each).value for each in (1, 2, 6)] == ["All", 0.25, 603]
    assert not [cell for row in sheet for cell in row if cell.data_type == "f"]
    said = {row[0].value: row[1].value for row in book["About"]}
    assert "by payer" in said["Filters"]
    assert (said["Claims of"], said["For"]) == ("All departments", "'=Dora")
    assert "claims denied ÷ claims decided" in said["Denial rate (of decided)"]


def test_a_standard_report_has_a_sheet_for_each_part(director: User, denied: None) -> None:
    book = load_workbook(io.BytesIO(made(director, "xlsx", standard="receivables")[0]))
    assert book.sheetnames == ["Numbers", "Weeks", "Payers", "Departments", "About"]


def test_json_holds_rows_and_what_numbers_are_made_of(director: User, denied: None) -> None:
    told = json.loads(own(director, "json"))
    (row,) = told["rows"]
    figure = row["numbers"]["kpis.denial_rate"]
    assert (figure["value"], figure["numerator"], figure["denominator"]) == ("25.0000", "6", "24")
    assert told["totals"]["numbers"]["measures.denied"]["value"] == "6"
    assert told["compared_with"]["start"] == "2026-05-02"
    assert json.loads(own(director, "json", filters={"kind": "institutional"}))["rows"] == []
