"""Custom reports, worked by hand: rows, totals, comparisons, whose claims, and what cannot be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditEntry, User
from analytics.catalogue import figures
from analytics.facts.measures import MEASURES
from analytics.kpis import KPIS
from analytics.models import Report
from analytics.questions import WrongQuestion
from analytics.reports import answering, keeping
from analytics.reports.answering import ReportRow, ReportTable
from analytics.reports.asking import MEASURE_LABELS, NUMBERS, read
from analytics.reports.columns import columns, shown_columns
from analytics.reports.dimensions import DIMENSIONS
from analytics.reports.drawing import charts
from analytics.reports.standard import STANDARD, parts_of
from analytics.scopes import NONE
from analytics.tasks import refresh_facts
from claims.models import ClaimLine
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_provider, make_user

from .test_denials import deny, give_reasons

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 30)
JUNE = {"start": "2026-06-01", "end": "2026-06-30"}


@pytest.fixture
def director() -> User:
    return make_user("director")


@pytest.fixture
def decided() -> dict[str, Any]:
    """Aetna denied one of three dental claims and its only one of imaging; Cigna none of two dental ones."""
    dental, imaging = make_department("Dental"), make_department("Imaging")
    aetna, cigna = make_payer("Aetna"), make_payer("Cigna")
    biller = make_user("biller", departments=[dental], name="Bea")
    decisions = [
        (dental, aetna, "denied", 10),
        (dental, aetna, "paid", 10),
        (dental, aetna, "paid", 20),
        (imaging, aetna, "denied", 11),
        (dental, cigna, "paid", 12),
        (dental, cigna, "paid", 13),
    ]
    for department, payer, status, day in decisions:
        make_claim(
            department=department,
            payer=payer,
            status=status,
            charge=Decimal(100),
            submitted_on=date(2026, 5, 20),
            decided_on=date(2026, 6, day),
            denial_category="coding" if status == "denied" else "",
            provider=make_provider("1234567893") if payer is aetna else None,
            assignee=biller if status == "denied" else None,
        )
    return {"dental": dental, "imaging": imaging, "aetna": aetna, "cigna": cigna}


def ask(user: User, **definition: Any) -> ReportTable:
    return answering.rows(read({"kpis": ["denial_rate"], **JUNE} | definition, user, TODAY))


def told(table: ReportTable) -> list[tuple[Any, ...]]:
    """What each row is told apart by, and its first number's numerator and denominator."""
    return [(*(each.label for each in row.members), *made_of(row)) for row in table.rows]


def made_of(row: ReportRow | None) -> tuple[int, int | None]:
    assert row is not None
    figure = row.now[0]
    return int(figure.numerator), None if figure.denominator is None else int(figure.denominator)


def problems(user: User, **definition: Any) -> dict[str, list[str]]:
    with pytest.raises(WrongQuestion) as wrong:
        read({"kpis": ["denial_rate"], **JUNE} | definition, user, TODAY)
    return wrong.value.problems


# Rows and totals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("from_facts", [True, False])
def test_two_dimensions_tell_each_pair_and_the_total_is_no_average(
    director: User, decided: dict[str, Any], from_facts: bool
) -> None:
    if from_facts:
        refresh_facts()
    table = ask(director, group_by=["payer", "department"])
    assert told(table) == [("Aetna", "Dental", 1, 3), ("Aetna", "Imaging", 1, 1), ("Cigna", "Dental", 0, 2)]
    assert made_of(table.total) == (2, 6)
    assert table.total is not None
    assert [each.text(table.total) for each in shown_columns(table.asked)] == ["All", "", "33.3%*"]
    turned = ask(director, group_by=["department", "payer"])
    assert told(turned) == [("Dental", "Aetna", 1, 3), ("Dental", "Cigna", 0, 2), ("Imaging", "Aetna", 1, 1)]


def test_a_report_of_nothing_apart_is_one_row(director: User, decided: dict[str, Any]) -> None:
    table = ask(director)
    assert (told(table), table.total) == ([(2, 6)], None)


def test_weeks_without_anything_are_rows_and_are_cut_as_the_period_is(
    director: User, decided: dict[str, Any]
) -> None:
    table = ask(director, group_by=["week"], start="2026-06-03", end="2026-06-23")
    assert told(table) == [
        ("3 Jun – 7 Jun 2026", 0, 0),
        ("8 Jun – 14 Jun 2026", 2, 5),
        ("15 Jun – 21 Jun 2026", 0, 1),
        ("22 Jun – 23 Jun 2026", 0, 0),
    ]
    assert made_of(table.total) == (2, 6)


def test_how_things_stand_is_never_added_up_over_time(director: User) -> None:
    payer = make_payer("Aetna")
    make_claim(charge=Decimal(100), submitted_on=date(2026, 4, 10), payer=payer)
    make_claim(charge=Decimal(80), submitted_on=date(2026, 5, 20), payer=payer)
    days = {"start": "2026-04-01", "end": "2026-06-30"}
    for group_by in (["month"], ["payer", "month"]):
        table = ask(director, kpis=["open_ar", "gross_charges"], group_by=group_by, **days)
        rows = list(table.rows)
        assert [row.now[0].value for row in rows] == [100, 180, 180]
        assert [row.now[1].value for row in rows][:2] == [100, 80]
        assert table.total is not None
        assert [each.value for each in table.total.now] == [180, 180]
        assert "in the total as of 30 Jun 2026" in table.notes[0]


def test_every_row_is_what_its_filter_finds(director: User, decided: dict[str, Any]) -> None:
    claim = deny("40.00", date(2026, 6, 5), payer=decided["cigna"])
    give_reasons(claim, date(2026, 6, 5), "CO-16 N382", "CO-97")
    for number, procedure in enumerate(("99213", "99214", "99214"), start=1):
        ClaimLine.objects.create(claim=claim, number=number, procedure=procedure, charge=Decimal(10))
    numbers = {
        "payer": ["denial_rate", "open_ar"],
        "procedure": ["denial_rate"],
        "reason": ["denied_charges"],
    }
    for name in ("payer", "department", "provider", "kind", "category", "assignee", "procedure", "reason"):
        kpis = numbers.get(name, numbers["payer"])
        table = ask(director, kpis=kpis, group_by=[name])
        rows = list(table.rows)
        assert rows
        for row in rows:
            key = row.members[0].key
            narrowed = table.asked.question.scope.narrowed(**{name: _filter(name, key)})
            expected = figures(table.asked.numbers, narrowed, row.period)
            assert list(row.now) == [expected[each] for each in kpis], (name, key)
    assert [row.members[0].label for row in ask(director, group_by=["procedure"]).rows] == ["99213", "99214"]


def _filter(name: str, key: Any) -> Any:
    """How a scope asks for those without."""
    if key in (None, ""):
        return "" if name in ("category", "procedure") else NONE
    return key


def test_a_claim_counts_under_each_of_its_codes_and_once_in_the_total(director: User) -> None:
    claim = deny("100.00", date(2026, 6, 5))
    give_reasons(claim, date(2026, 6, 5), "CO-16", "CO-97")
    table = ask(director, kpis=[], measures=["denied"], group_by=["reason", "month"])
    assert told(table) == [("CO-16", "Jun 2026", 1, None), ("CO-97", "Jun 2026", 1, None)]
    assert made_of(table.total) == (1, None)
    assert "rows add up to more" in table.notes[0]


def test_long_reports_come_a_stretch_of_days_at_a_time(
    director: User, decided: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ask(director, group_by=["payer", "day"], compare="previous")
    monkeypatch.setattr(answering, "LONG", 0)
    monkeypatch.setattr(answering, "STRETCH", 4)
    table = ask(director, group_by=["payer", "day"], compare="previous")
    assert table.is_long
    rows = list(table.rows)
    assert [row.period.start for row in rows] == sorted(row.period.start for row in rows)
    assert sorted(rows, key=str) == sorted(whole.rows, key=str)
    assert table.total == whole.total


# Comparing -----------------------------------------------------------------------------------------


def test_a_row_is_compared_with_its_own_days_before(director: User) -> None:
    aetna, cigna = make_payer("Aetna"), make_payer("Cigna")
    for day, payer, charge in (
        (date(2026, 6, 2), aetna, 100),
        (date(2026, 5, 3), aetna, 60),  # in the thirty days before June
        (date(2026, 5, 4), cigna, 7),  # Cigna sent nothing in June
        (date(2025, 6, 30), aetna, 40),
    ):
        make_claim(submitted_on=day, payer=payer, charge=Decimal(charge))
    previous = ask(director, kpis=["gross_charges"], group_by=["payer"], compare="previous")
    assert [
        (row.members[0].label, row.now[0].value, row.then and row.then[0].value) for row in previous.rows
    ] == [
        ("Aetna", 100, 60),
        ("Cigna", 0, 7),
    ]
    assert previous.total is not None
    assert [each.text(previous.total) for each in shown_columns(previous.asked)][1:] == [
        "$100.00",
        "$67.00",
        "+49.3%",
    ]
    year = ask(director, kpis=["gross_charges"], group_by=["payer"], compare="year")
    assert [row.then and row.then[0].value for row in year.rows] == [40]


@pytest.mark.parametrize("compare", ["previous", "year"])
@pytest.mark.parametrize("group_by", [["day"], ["week", "payer"], ["month"], ["month", "assignee"]])
def test_each_step_is_compared_as_if_it_alone_were_asked_for(
    director: User, decided: dict[str, Any], compare: str, group_by: list[str]
) -> None:
    for year, month, day in ((2025, 6, 9), (2025, 5, 31), (2026, 5, 12), (2026, 6, 1), (2024, 2, 29)):
        on = date(year, month, day)
        make_claim(submitted_on=on, decided_on=on, status="denied", charge=day, payer=decided["aetna"])
    kpis = ["denial_rate", "gross_charges", "open_ar"]
    days = {"start": "2026-05-27", "end": "2026-06-13"}
    table = ask(director, kpis=kpis, group_by=group_by, compare=compare, **days)
    for row in list(table.rows):
        scope = table.asked.question.scope
        for each in row.members:
            if not each.dimension.is_time:
                scope = scope.narrowed(**{each.dimension.key: _filter(each.dimension.key, each.key)})
        alone = replace(table.asked.question, scope=scope, period=row.period)
        assert alone.against is not None
        assert row.then == tuple(figures(table.asked.numbers, scope, alone.against).values()), row.period
        assert row.now == tuple(figures(table.asked.numbers, scope, row.period).values())


@pytest.mark.parametrize("compare", ["previous", "year"])
@pytest.mark.parametrize("group_by", [["day"], ["week", "payer"], ["month", "assignee"]])
@pytest.mark.parametrize("days", [("2026-05-04", "2026-06-13"), ("2024-02-05", "2024-03-31")])
def test_a_total_over_time_is_what_the_whole_of_it_comes_to(
    director: User, decided: dict[str, Any], compare: str, group_by: list[str], days: tuple[str, str]
) -> None:
    for year, month, day in ((2025, 6, 9), (2024, 2, 29), (2023, 2, 28), (2026, 4, 2), (2024, 3, 1)):
        make_claim(submitted_on=date(year, month, day), charge=day, payer=decided["cigna"])
    table = ask(
        director,
        kpis=["denial_rate", "gross_charges", "gross_days_in_ar", "aged_ar_over_90"],
        group_by=group_by,
        compare=compare,
        start=days[0],
        end=days[1],
    )
    question = table.asked.question
    assert question.against is not None
    assert table.total is not None
    assert table.total.now == tuple(figures(table.asked.numbers, question.scope, question.period).values())
    assert table.total.then == tuple(figures(table.asked.numbers, question.scope, question.against).values())


# Whose claims --------------------------------------------------------------------------------------


def test_people_see_their_departments_and_dimensions_as_their_role_allows(decided: dict[str, Any]) -> None:
    manager = make_user("manager", departments=[decided["imaging"]])
    table = ask(manager, group_by=["payer", "department"])
    assert told(table) == [("Aetna", "Imaging", 1, 1)]
    assert problems(manager, filters={"department": "Dental"}) == {
        "filters.department": ["There is none of this id or name."]
    }
    biller = make_user("biller", departments=[decided["dental"]])
    for name in ("provider", "assignee"):
        assert "You may not see numbers by" in problems(biller, group_by=[name])["group_by"][0]
    assert told(ask(manager, group_by=["assignee"])) == [("Bea", 1, 1)]


# What cannot be asked ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definition", "path", "words"),
    [
        ({"kpis": ["denial_rat"]}, "kpis[0]", "Did you mean denial_rate?"),
        ({"kpis": ["denial_rate", "denial_rate"]}, "kpis[1]", "stands here already"),
        ({"kpis": [["denial_rate"]]}, "kpis[0]", "One of "),
        ({"kpis": "denial_rate"}, "kpis", "A list"),
        ({"kpis": []}, "kpis", "at least one"),
        ({"kpis": list(KPIS)[:13]}, "kpis", "At most 12"),
        ({"measures": ["nets"]}, "measures[0]", "Did you mean net_fees?"),
        ({"group_by": ["payer", "plant"]}, "group_by[1]", "One of "),
        ({"group_by": ["payer", "department", "kind"]}, "group_by", "At most 2"),
        ({"group_by": ["day", "month"]}, "group_by", "Only one of day, week and month"),
        ({"group_by": ["reason", "procedure"], "kpis": ["denied_charges"]}, "group_by", "Only one of"),
        ({"group_by": ["reason"]}, "kpis[0]", "Not told by reason"),
        ({"group_by": ["procedure"], "kpis": ["open_ar"]}, "kpis[0]", "Not told by procedure"),
        ({"group_by": ["day"], "kpis": ["open_ar"], "start": "2026-04-01"}, "group_by", "At most 60 days"),
        (
            {"group_by": ["day", "kind"], "kpis": ["open_ar"]},
            "group_by",
            "claim by claim on 29 of these days",
        ),
        ({"filters": {"payer": "Nobody"}}, "filters.payer", "none of this id or name"),
        ({"filters": {"payer": True}}, "filters.payer", "A text"),
        ({"filters": {"payer": "\0"}}, "filters.payer", "A text"),
        ({"filters": {"status": "denied"}}, "filters.status", "no such filter"),
        ({"filters": []}, "filters", "An object"),
        ({"period": "last_eon", "start": None, "end": None}, "start", "A text"),
        ({"period": "last_month"}, "period", "Either a period or"),
        ({"period": {"start": "2026-06-01"}}, "period", "A name, or an object"),
        ({"start": "2026-07-01"}, "end", "Ends before it starts"),
        ({"start": "2026-06-31"}, "start", "A day is written as"),
        ({"start": "2020-01-01"}, "start", "At most five years"),
        ({"compare": "budget"}, "compare", "One of previous, year, none"),
        ({"format": "exe"}, "format", "One of json, csv, xlsx, pdf"),
        ({"chart": "line"}, "chart", "group by day, week or month"),
        ({"chart": "bar"}, "chart", "group by one of these"),
        ({"colour": "red"}, "colour", "no such field"),
    ],
)
def test_nonsense_is_named_by_its_path_and_never_ignored(
    director: User, definition: dict[str, Any], path: str, words: str
) -> None:
    found = problems(director, **definition)
    assert words in found[path][0], found


@pytest.mark.parametrize("definition", [None, [], "denial_rate", 7])
def test_a_definition_is_an_object(director: User, definition: Any) -> None:
    with pytest.raises(WrongQuestion):
        read(definition, director, TODAY)


def test_a_definition_comes_back_as_it_was_asked(director: User, decided: dict[str, Any]) -> None:
    asked = {
        "kpis": ["denied_charges"],
        "measures": ["denied_charges"],
        "group_by": ["payer"],
        "filters": {"department": "Dental"},
        "period": "last_month",
        "compare": "year",
        "chart": "bar",
        "format": "pdf",
    }
    question = read(asked, director, TODAY)
    assert question.definition == asked
    assert read(question.definition, director, TODAY) == question
    within = read({"kpis": ["denial_rate"], "period": JUNE}, director, TODAY)
    assert within.question.period == read({"kpis": ["denial_rate"], **JUNE}, director, TODAY).question.period


# Columns, charts, standard reports -----------------------------------------------------------------


def test_every_measure_has_a_heading_of_its_own() -> None:
    assert {each.kept_in for each in MEASURES.values()} == {*MEASURE_LABELS}
    labels = [each.label for each in NUMBERS.values()]
    assert len(labels) == len({*labels})


def test_sheets_hold_numbers_and_how_many_they_are_of(director: User, decided: dict[str, Any]) -> None:
    table = ask(director, kpis=["denial_rate", "denied_charges"], group_by=["month"])
    shown = columns(table.asked)
    (row,) = table.rows
    assert [each.label for each in shown] == [
        "Month",
        "Denial rate (of decided)",
        "Denial rate (of decided): claims",
        "Denied charges",
    ]
    assert [each.value(row) for each in shown] == [date(2026, 6, 1), Decimal("0.333333"), 6, Decimal(200)]


def test_charts_show_what_the_rows_say(director: User, decided: dict[str, Any]) -> None:
    (bars,) = charts(ask(director, kpis=["denied_charges"], group_by=["payer"], chart="bar"))
    assert bars.numbers.rows[:1] == [["Aetna", Decimal(200), "2 claims"]]
    (course,) = charts(ask(director, kpis=["gross_charges"], group_by=["payer", "month"], chart="line",
                           start="2026-05-01"))  # fmt: skip
    assert course.numbers.headings == ["Month", "Aetna", "Cigna"]
    assert [row[1] for row in course.numbers.rows] == [Decimal(400), Decimal(0)]
    assert charts(ask(director, group_by=["payer"])) == []


def test_every_standard_report_can_be_asked_by_everybody_who_sees_numbers(decided: dict[str, Any]) -> None:
    biller = make_user("biller", departments=[decided["dental"]])
    for name in STANDARD:
        assert all(answering.rows(each.asked).rows is not None for each in parts_of(name, biller, TODAY, {}))


# Keeping -------------------------------------------------------------------------------------------


def test_reports_are_kept_shared_copied_and_deleted_with_a_trace(director: User) -> None:
    asked = {"kpis": ["denial_rate"], "period": "last_month"}
    report = keeping.save_report(Report(owner=director), name=" Rates ", asked=asked, actor=director)
    assert (report.name, report.asked["period"]) == ("Rates", "last_month")
    manager, biller = make_user("manager"), make_user("biller")
    keeping.share_report(report, people=[biller], roles=["manager"], actor=director)
    assert all(Report.objects.visible_to(each).get() == report for each in (manager, biller))
    keeping.pin_report(report, actor=manager)
    copy = keeping.duplicate_report(report, actor=manager)
    assert (copy.owner, copy.asked, copy.shared_roles) == (manager, report.asked, "")
    keeping.share_report(report, people=[], roles=[], actor=director)
    assert not Report.objects.visible_to(biller).exists()
    keeping.delete_report(report, actor=director)
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == [
        *("report.added", "report.shared", "report.pinned", "report.added"),
        *("report.shared", "report.deleted"),
    ]
    with pytest.raises(WrongQuestion):
        keeping.save_report(copy, name="x", asked={"kpis": ["nothing"]}, actor=manager)


def test_dimensions_that_can_be_asked_are_all_answered(director: User, decided: dict[str, Any]) -> None:
    for name, dimension in DIMENSIONS.items():
        measures = ["denied"] if dimension.tells else ["denied", "owed", "cash"]
        assert list(ask(director, kpis=[], measures=measures, group_by=[name]).rows) is not None
