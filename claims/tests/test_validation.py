"""Amounts, dates, NPIs, procedures and texts."""

import csv
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.imports import validation
from claims.imports.records import Kind, Status
from claims.imports.validation import Invalid, Memo

from .sample_files import TODAY, shared

TEXTS = st.text() | st.text("0123456789-/:. TZ$,+e_AaPpMmD()", max_size=30)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("$1,234.56 ", 123456),
        ("0", 0),
        ("-0.00", 0),
        (".5", 50),
        ("12.", 1200),
        ("$ 7.1", 710),
        ("\u00a05.00\u00a0", 500),
        ("1,234,567", 123456700),
        ("99,999,999.99", 9999999999),
    ],
)
def test_amounts_are_read_as_people_write_them(text, cents):
    assert validation.amount(text) == cents


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1e5", "NaN", "Infinity", "-inf", "sNaN", "1_000", "1.234", "12,34", "1.234,56", "$", ".",
        "--1", "１２", "١٢", "100000000.00", "9" * 5000, "0x10", "1 000", "1\x002", "+1", "1E+999999",
    ],
)  # fmt: skip
def test_other_amounts_are_refused(text):
    with pytest.raises(Invalid):
        validation.amount(text)


@pytest.mark.parametrize("text", ["-5.00", "($5.00)", "-$5"])
def test_negative_amounts_are_called_so(text):
    with pytest.raises(Invalid, match="must not be negative"):
        validation.amount(text)


@pytest.mark.parametrize("text", ["100000000", "9" * 5000])
def test_high_amounts_are_called_so(text):
    with pytest.raises(Invalid, match="at most"):
        validation.amount(text)


@pytest.mark.parametrize(
    "text",
    [
        "3/28/18 0:00",
        "03/28/2018",
        "2018-03-28",
        "2018-3-28",
        "20180328",
        "2018-03-28T23:59:59.123456Z",
        " 3/28/2018 ",
    ],
)
def test_dates_are_read_in_every_usual_form(text):
    assert validation.service_date(text, today=TODAY) == date(2018, 3, 28)


def test_years_of_two_digits_mean_the_past_unless_they_are_near():
    assert validation.service_date("1/1/27", today=TODAY) == date(2027, 1, 1)
    assert validation.service_date("1/1/28", today=TODAY) == date(1928, 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "", "2/30/2018", "2018-02-30", "13/1/2018", "0000-01-01", "1899-12-31", "2027-03-03", "9999-12-31",
        "3/28/18 24:00", "3/28/18 1:60", "3/28/18 13:00 PM", "２０１８-03-28", "2018-03-28T10:00+99:00",
        "2018/03/28", "43187", "yesterday",
    ],
)  # fmt: skip
def test_dates_that_are_not_real_or_plausible_are_refused(text):
    with pytest.raises(Invalid):
        validation.service_date(text, today=TODAY)


def test_nobody_is_born_tomorrow():
    with pytest.raises(Invalid, match="future"):
        validation.birth_date("2026-03-02", today=TODAY)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-03T14:30:00Z", datetime(2026, 2, 3, 14, 30, tzinfo=UTC)),
        ("2/3/2026 2:30 PM", datetime(2026, 2, 3, 14, 30, tzinfo=UTC)),
        ("2/3/2026 12:05 am", datetime(2026, 2, 3, 0, 5, tzinfo=UTC)),
        (
            "2026-02-03 14:30:01.5-0500",
            datetime(2026, 2, 3, 14, 30, 1, 500000, tzinfo=timezone(-timedelta(hours=5))),
        ),
        ("2/3/26 0:00", date(2026, 2, 3)),
        ("2026-02-03", date(2026, 2, 3)),
    ],
)
def test_moments_are_aware_and_days_stay_days(text, moment):
    assert validation.moment(text, today=TODAY, zone=UTC) == moment


def test_npis_have_exactly_ten_ascii_digits():
    assert validation.npi(" 1497775530 ") == "1497775530"
    for text in ("149777553", "14977755300", "１497775530", "1497775530.0", "1.49E+09", "", "abcdefghij"):
        with pytest.raises(Invalid):
            validation.npi(text)


def test_check_digits_agree_with_published_ones():
    with shared("codes/npi_checkdigit_tests.csv").open() as file:
        rows = list(csv.DictReader(file))
    wrong = [
        row["npi"] for row in rows if validation.has_wrong_check_digit(row["npi"]) == (row["valid"] == "1")
    ]
    assert rows
    assert not wrong


def test_dental_procedures_are_a_d_and_four_digits():
    assert validation.procedure("D0180 ", kind=Kind.DENTAL) == "D0180"
    for text in ("0180", "D180", "D01800", "X0180", "d0180", "D０180", "", "D01.0"):
        with pytest.raises(Invalid):
            validation.procedure(text, kind=Kind.DENTAL)


def test_other_procedures_are_cpt_or_hcpcs():
    for text in ("99213", "0001F", "G0463"):
        assert validation.procedure(text, kind=Kind.PROFESSIONAL) == text
    for text in ("9921", "992134", "9921-", "GG463"):
        with pytest.raises(Invalid):
            validation.procedure(text, kind=Kind.PROFESSIONAL)


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\ud800", "a\u202eb", "a\x85b", "x" * 3000])
def test_texts_refuse_what_cannot_be_shown(text):
    for read in (validation.identifier, validation.name, validation.note):
        with pytest.raises(Invalid):
            read(text)


def test_notes_are_put_on_one_line():
    assert validation.note(" No prior\r\n\tauthorization\u00a0given ") == "No prior authorization given"


def test_identifiers_hold_nothing_invisible():
    assert validation.identifier(" A-1/é ") == "A-1/é"
    for text in ("A\u200b1", "A\n1", "A\u00a01"):
        with pytest.raises(Invalid):
            validation.identifier(text)


def test_statuses_are_known_by_their_usual_names():
    assert validation.status(" Written-Off ") == Status.WRITTEN_OFF
    assert validation.status("IN_PROCESS") == Status.PENDING
    with pytest.raises(Invalid):
        validation.status("lost")


@given(TEXTS)
def test_readers_of_values_raise_nothing_but_invalid_and_never_repeat_the_text(text):
    readers = [
        validation.amount,
        validation.npi,
        validation.identifier,
        validation.name,
        validation.note,
        validation.status,
        validation.flag,
        validation.kind,
        lambda each: validation.procedure(each, kind=Kind.DENTAL),
        lambda each: validation.service_date(each, today=TODAY),
        lambda each: validation.exact_moment(each, today=TODAY, zone=UTC),
    ]
    for read in readers:
        reason = ""
        try:
            read(text)
        except Invalid as invalid:
            reason = str(invalid)
        assert len(text) < 8 or text not in reason


def test_a_memo_forgets_before_it_grows_too_large(monkeypatch):
    monkeypatch.setattr(Memo, "SIZE", 10)
    memo = Memo(len)
    for number in range(100):
        assert memo[str(number)] == len(str(number))
    memo["x" * 100]
    assert len(memo) <= 10
    assert "x" * 100 not in memo
