"""What adjustments mean, by group and reason together, and what people's own words for a denial mean."""

from __future__ import annotations

import pytest

from claims.answers.denial_codes import CATEGORY_BY_REMARK, CONTRACTUAL, COST_SHARING, DENIALS, NEUTRAL
from claims.answers.denials import category_of, category_of_text, kind_of, words
from claims.models import Claim

from .sample_files import shared


@pytest.mark.parametrize(
    ("group", "carc", "kind"),
    [
        ("PR", "1", "patient"),
        ("PR", "2", "patient"),
        ("PR", "3", "patient"),
        ("PR", "45", "patient"),
        ("CO", "45", "contractual"),
        ("CO", "253", "contractual"),
        ("CO", "24", "contractual"),
        ("PI", "45", "contractual"),
        ("OA", "45", "other"),
        ("OA", "23", "other"),
        ("CO", "1", "other"),
        ("CO", "97", "denial"),
        ("CO", "16", "denial"),
        ("CO", "50", "denial"),
        ("CO", "29", "denial"),
        ("CO", "18", "denial"),
        ("OA", "18", "denial"),
        ("CO", "197", "denial"),
        ("PR", "96", "denial"),
        ("PR", "204", "denial"),
        ("CO", "22", "denial"),
        ("PI", "97", "denial"),
        ("CO", "D23", "denial"),
        ("PR", "D23", "patient"),
        ("OA", "D23", "other"),
        ("", "45", "other"),
    ],
)
def test_group_and_reason_together_say_what_an_adjustment_is(group, carc, kind):
    assert kind_of(group, carc) == kind


@pytest.mark.parametrize(
    ("group", "carc", "rarcs", "category"),
    [
        ("CO", "29", (), "timely_filing"),
        ("OA", "18", (), "duplicate"),
        ("CO", "50", ("M76",), "medical_necessity"),
        ("CO", "16", (), "documentation"),
        ("CO", "16", ("N130", "M62"), "authorisation"),
        ("CO", "16", ("M76",), "coding"),
        ("CO", "A1", (), "other"),
        ("CO", "A1", ("MA04",), "coordination"),
        ("CO", "D23", (), "other"),
        ("CO", "45", ("M62",), ""),
        ("PR", "1", (), ""),
    ],
)
def test_a_vague_reason_is_sorted_by_its_remarks(group, carc, rarcs, category):
    assert category_of(group, carc, rarcs) == category


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("", ""),
        ("   ", ""),
        ("no prior auth", "authorisation"),
        ("Pre-certification absent", "authorisation"),
        ("timely filing", "timely_filing"),
        ("CO-29", "timely_filing"),
        ("co 29", "timely_filing"),
        ("CO29", "timely_filing"),
        ("29", "timely_filing"),
        ("Denied CO-16: missing authorization", "documentation"),
        ("CARC 197", "authorisation"),
        ("OA-18", "duplicate"),
        ("B13", "duplicate"),
        ("Duplicate claim", "duplicate"),
        ("Not medically necessary", "medical_necessity"),
        ("Coverage terminated", "eligibility"),
        ("Patient not eligible", "eligibility"),
        ("Bundled with 99213", "coding"),
        ("Invalid modifier", "coding"),
        ("Missing documentation", "documentation"),
        ("Other insurance is primary", "coordination"),
        ("COB", "coordination"),
        ("A1 - authorization", "authorisation"),
        ("who knows", "other"),
        ("9999999", "other"),
    ],
)
def test_what_people_write_is_sorted(text, category):
    assert category_of_text(text) == category


def test_each_reason_stands_once_and_its_category_is_one_that_people_work_by():
    lists = (COST_SHARING, CONTRACTUAL, NEUTRAL, DENIALS)
    assert sum(map(len, lists)) == len(set().union(*lists))
    named = {each.category for each in DENIALS.values()} | set(CATEGORY_BY_REMARK.values())
    assert named <= set(Claim.Category.values) - {""}


def test_every_code_is_one_that_exists():
    reasons = set(shared("codes/carc_codes.txt").read_text().split())
    remarks = set(shared("codes/rarc_codes.txt").read_text().split())
    assert {*COST_SHARING, *CONTRACTUAL, *NEUTRAL, *DENIALS} <= reasons
    assert set(CATEGORY_BY_REMARK) <= remarks


def test_words_say_what_it_is_and_who_bears_it():
    assert words("CO", "29") == "Filed too late (by contract, not the patient's to pay)"
    assert words("PR", "1") == "Deductible (the patient's to pay)"
    assert words("", "D23") == "Reason D23"
