from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template

from rcm_site.navigation import SECTIONS
from rcm_site.templatetags import ui


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Decimal("1234.5"), "$1,234.50"),
        (Decimal("0.005"), "$0.01"),
        (Decimal("-12.3"), "−$12.30"),
        (Decimal("-0.001"), "$0.00"),
        (0, "$0.00"),
        (Decimal("12345678901234567.89"), "$12,345,678,901,234,567.89"),
        (None, "–"),
    ],
)
def test_money_is_written_to_the_cent(amount: Decimal | None, written: str) -> None:
    assert ui.money(amount) == written


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Decimal("999.99"), "$999.99"),
        (Decimal("999.995"), "$1,000.00"),
        (Decimal(1000), "$1,000"),
        (Decimal("1234.5"), "$1,235"),
        (Decimal("-1234.49"), "−$1,234"),
        (None, "–"),
    ],
)
def test_money_in_tables_has_no_cents_from_a_thousand_on(amount: Decimal | None, written: str) -> None:
    assert ui.money_brief(amount) == written


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (Decimal("0.1119"), "11.2%"),
        (Decimal(0), "0.0%"),
        (1, "100.0%"),
        (Decimal("-0.033"), "−3.3%"),
        (None, "–"),
    ],
)
def test_a_share_is_written_as_percent(share: Decimal | None, written: str) -> None:
    assert ui.percent(share) == written


def test_numbers_have_thousands_separated() -> None:
    assert ui.number(61_204) == "61,204"
    assert ui.number(Decimal("38.44"), 1) == "38.4"
    assert ui.number(None) == "–"


def test_days_and_moments_name_the_month(settings: object) -> None:
    assert ui.day(date(2026, 11, 2)) == "2 Nov 2026"
    assert ui.day(None) == "–"
    assert ui.moment(datetime(2026, 11, 12, 19, 5, tzinfo=UTC)) == "12 Nov 2026, 14:05"
    assert ui.moment(None) == "–"


def test_a_dash_stands_for_nothing_but_not_for_zero() -> None:
    assert ui.dash(None) == ui.dash("") == "–"
    assert ui.dash(0) == 0


def test_an_icon_decorates_unless_it_is_named() -> None:
    assert 'aria-hidden="true"' in Template('{% icon "claims" %}').render(Context())
    named = Template('{% icon "claims" "Claims" %}').render(Context())
    assert 'role="img" aria-label="Claims"' in named
    assert "aria-hidden" not in named


def test_every_icon_that_is_asked_for_is_drawn() -> None:
    sprite = ElementTree.parse(str(finders.find("img/icons.svg"))).getroot()
    drawn = {symbol.attrib["id"] for symbol in sprite}
    asked = {item.icon for _, items in SECTIONS for item in items} | {
        kind.icon for kind in ui.BADGES.values()
    }
    assert asked <= drawn


def test_a_badge_says_its_status_in_words_and_escapes_them() -> None:
    assert "Written off" in Template('{% badge "written_off" %}').render(Context())
    assert "&lt;b&gt;" in Template('{% badge "paid" words %}').render(Context({"words": "<b>"}))


def test_a_sparkline_runs_from_left_to_right_and_from_low_to_high() -> None:
    line = ui.sparkline([1, 2, 3])
    assert 'd="M3.0 25.0L60.0 14.0L117.0 3.0"' in line
    assert 'cx="117.0" cy="3.0"' in line


def test_a_sparkline_breaks_where_a_value_is_missing() -> None:
    assert 'd="M3.0 25.0M79.0 3.0L117.0 3.0"' in ui.sparkline([1, None, 2, 2])


def test_a_sparkline_of_equal_values_runs_in_the_middle() -> None:
    assert 'd="M3.0 14.0L117.0 14.0"' in ui.sparkline([Decimal("5.5"), Decimal("5.5")])


@pytest.mark.parametrize("values", [[], [1], [None, None, 4]])
def test_one_value_makes_no_line(values: list[int | None]) -> None:
    assert ui.sparkline(values) == ""
