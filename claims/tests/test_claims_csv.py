"""Claims CSV and staff activity CSV files."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.imports.activity_csv import read_activity
from claims.imports.claims_csv import read_claims
from claims.imports.records import ActivityRecord, ClaimRecord, Kind, Problem, Severity, Status, Unreadable

from .sample_files import SAMPLES, read_bytes

CLAIMS = (SAMPLES / "claims.csv").read_bytes()
ACTIVITY = (SAMPLES / "activity.csv").read_bytes()


def claims_of(content):
    return [record for record in read_bytes(read_claims, content) if isinstance(record, ClaimRecord)]


def test_every_field_of_a_claim_is_read():
    paid, denied, pending = claims_of(CLAIMS)
    assert (paid.patient.patient_id, paid.lines[0].procedure, paid.payer) == (
        "P-1",
        "99213",
        "Northern Health",
    )
    assert (paid.department, paid.expected, paid.paid, paid.status) == (
        "Cardiology",
        12000,
        11850,
        Status.PAID,
    )
    assert paid.submitted_at == datetime(2026, 2, 3, 14, 30, tzinfo=UTC)
    assert paid.paid_at == date(2026, 2, 20)
    assert (paid.control_number, paid.kind) == ("X-1", Kind.PROFESSIONAL)
    assert (denied.status, denied.denial_reason, denied.paid) == (
        Status.DENIED,
        "No prior authorization",
        None,
    )
    assert (pending.place, pending.status, pending.submitted_at) == (5, Status.PENDING, date(2026, 2, 5))
    assert not paid.problems + denied.problems + pending.problems


def test_all_problems_of_a_claim_are_told_and_its_row_is_kept():
    claims = claims_of(CLAIMS.replace(b"P-1;99213;Northern Health", b";1;").replace(b"2026-02-05", b"soon"))
    assert {problem.field for problem in claims[0].problems} == {"Patient ID", "CPT Code", "Payer Name"}
    assert [problem.field for problem in claims[2].problems] == ["Submitted Date"]
    assert [len(claim.source) for claim in claims] == [1, 0, 1]
    assert claims[2].source[0][1][7] == "soon"


def test_what_does_not_fit_together_only_warns():
    content = CLAIMS.replace(b"2/20/2026", b"1/20/2026").replace(b"in process", b"paid")
    first, _, third = claims_of(content)
    assert [problem.severity for problem in first.problems] == [Severity.WARNING]
    assert [problem.reason for problem in third.problems] == ["is missing although the claim is paid"] * 2
    assert not first.is_refused


def test_a_row_of_another_width_is_refused():
    claims = claims_of(CLAIMS + b"P-4;99213\n")
    assert [claim.is_refused for claim in claims] == [False, False, False, True]


def test_the_surest_spelling_of_a_column_counts():
    content = CLAIMS.replace(b"Denial Reason", b"Charge").replace(b";;X-3", b";7.00;X-3")
    claims = claims_of(content.replace(b"External ID", b"Billed Amount"))
    assert [claim.control_number for claim in claims] == ["", "", ""]
    assert claims[2].charge == 700


def test_missing_columns_are_named():
    with pytest.raises(Unreadable, match="lacks payer and status"):
        claims_of(CLAIMS.replace(b"Payer Name", b"x").replace(b"Claim Status", b"y"))


def test_staff_activity_is_read():
    first, second = read_bytes(read_activity, ACTIVITY)
    assert (first.staff, first.claim, first.action) == ("ada@example.org", "X-1", "Posted payment")
    assert (first.is_error, first.at) == (False, datetime(2026, 2, 20, 10, 15, tzinfo=UTC))
    assert (second.is_error, second.at) == (
        True,
        datetime(2026, 2, 21, 8, tzinfo=timezone(-timedelta(hours=5))),
    )


def test_bad_activity_is_told_and_its_row_kept():
    first, second = read_bytes(read_activity, ACTIVITY.replace(b"no\t", b"maybe\t").replace(b"X-2", b""))
    assert [problem.field for problem in first.problems] == ["Error?"]
    assert [problem.field for problem in second.problems] == ["Claim #"]
    assert first.source[0][0] == 2


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutated_files_raise_nothing_but_unreadable(data):
    reader, sample = data.draw(st.sampled_from([(read_claims, CLAIMS), (read_activity, ACTIVITY)]))
    content = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=6))
    try:
        records = read_bytes(reader, bytes(content))
    except Unreadable:
        return
    assert all(isinstance(record, ClaimRecord | ActivityRecord | Problem) for record in records)
