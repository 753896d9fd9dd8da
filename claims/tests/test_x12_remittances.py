from datetime import date

import pytest

from claims.imports.records import ClaimPaymentRecord, RemittanceClosing, RemittanceRecord, Severity

from .x12_samples import of_kind, problems_of, read, sample, told


def changed(old: str, new: str) -> list:
    text = sample("remittance_5010")
    assert old in text
    return read(text.replace(old, new, 1))


def payments(records: list | None = None) -> list[ClaimPaymentRecord]:
    return of_kind(read(sample("remittance_5010")) if records is None else records, ClaimPaymentRecord)


def test_a_remittance_comes_before_its_claims_and_its_closing_after():
    kinds = [type(record) for record in read(sample("remittance_5010"))]
    assert kinds == [RemittanceRecord] + [ClaimPaymentRecord] * 5 + [RemittanceClosing]


def test_the_heading_is_read():
    remittance = read(sample("remittance_5010"))[0]
    assert (remittance.trace_number, remittance.method, remittance.amount) == ("EFT9001", "ACH", 22800)
    assert (remittance.paid_on, remittance.is_debit) == (date(2026, 3, 20), False)
    assert (remittance.payer, remittance.payer_id) == ("ACME HEALTH", "ACME1")
    assert (remittance.payee, remittance.payee_npi) == ("NORTH CLINIC", "1234567893")


def test_a_claims_decision_is_read():
    claim = payments()[0]
    assert (claim.place, claim.control_number, claim.status, claim.payer_claim_number) == (
        13,
        "A-1001",
        "1",
        "ICN777",
    )
    assert (claim.charge, claim.paid, claim.patient_share, claim.allowed) == (25000, 16600, 3000, 20050)
    assert (claim.service_date, claim.remarks) == (date(2026, 2, 10), ("MA01", "N130"))
    assert (claim.patient.last_name, claim.patient.member_id) == ("ADAMS", "M1001")
    assert claim.problems == []


def test_adjustments_belong_to_the_claim_before_its_first_service_and_to_the_service_after():
    claim = payments()[0]
    assert [(each.place, each.group, each.reason, each.amount) for each in claim.adjustments] == [
        (14, "OA", "23", 450)
    ]
    first, second, third = claim.services
    assert [(each.group, each.reason, each.amount, each.quantity) for each in first.adjustments] == [
        ("CO", "45", 1000, ""),
        ("PR", "1", 2000, ""),
        ("PR", "2", 1000, ""),
    ]
    assert [(each.reason, each.amount, each.quantity) for each in second.adjustments] == [
        ("45", 1000, "1"),
        ("97", 2025, ""),
        ("253", 425, ""),
        ("B10", 450, ""),
    ]
    assert [each.amount for each in third.adjustments] == [50]


def test_six_adjustments_may_stand_in_one_segment():
    segment = "CAS*CO" + "".join(f"*{reason}*1*{reason}" for reason in range(1, 7))
    claim = payments(changed("CAS*OA*23*4.5", segment))[0]
    assert [each.reason for each in claim.adjustments] == ["1", "2", "3", "4", "5", "6"]
    assert [each.quantity for each in claim.adjustments] == ["1", "2", "3", "4", "5", "6"]


def test_services_are_read_with_what_was_billed():
    first, second, third = payments()[0].services
    assert (first.procedure, first.modifiers, first.charge, first.paid) == ("99213", ("25",), 15000, 11000)
    assert (first.allowed, first.reference, first.units) == (14000, "A-1001-1", "1")
    assert (second.procedure, second.submitted_procedure, second.revenue_code) == ("83036", "83037", "0301")
    assert (second.units, second.remarks, second.service_date) == ("1.5", ("N19", "M15"), date(2026, 2, 11))
    assert (third.procedure, third.revenue_code) == ("", "0450")


def test_a_reversal_keeps_its_sign_and_balances():
    reversal, corrected = payments()[1:3]
    assert reversal.status == "22"
    assert (reversal.charge, reversal.paid, reversal.adjustments[0].amount) == (-10000, -8000, -2000)
    assert reversal.problems == []
    assert corrected.status == "1"


def test_provider_adjustments_keep_x12s_sign():
    closing = read(sample("remittance_5010"))[-1]
    assert [(each.reason, each.reference, each.amount) for each in closing.provider_adjustments] == [
        ("L6", "INT0001", -250),
        ("WO", "OLD-77", 50),
    ]
    assert (closing.claims, closing.claims_paid, closing.amount, closing.imbalance) == (5, 22600, 22800, 0)
    assert closing.problems == []


def test_an_unbalanced_claim_is_told_with_its_difference_and_kept():
    claim = payments()[4]
    (problem,) = claim.problems
    assert (problem.place, problem.field, problem.severity) == (41, "CLP", Severity.WARNING)
    assert "10.50" in problem.reason
    assert claim.imbalance == 1050


def test_an_unbalanced_line_is_told_at_its_segment():
    claim = payments(changed("SVC*HC:99213:25*150*110", "SVC*HC:99213:25*150*109.99"))[0]
    (problem,) = claim.problems
    assert (problem.place, problem.field) == (21, "SVC")
    assert "0.01" in problem.reason


def test_an_unbalanced_remittance_is_told():
    closing = changed("BPR*I*228", "BPR*I*227.5")[-1]
    (problem,) = closing.problems
    assert (problem.field, problem.severity, closing.imbalance) == ("BPR02", Severity.WARNING, 50)


def test_a_debit_counts_against_the_claims():
    text = (
        "ST*835*1*005010X221A1~BPR*I*80*D*ACH************20260320~TRN*1*T1~N1*PR*ACME~N1*PE*NORTH~"
        "CLP*A-1*22*-100*-80**12*I1~CAS*CO*45*-20~SE*8*1~"
    )
    records = read(text)
    assert (records[0].amount, records[0].is_debit) == (8000, True)
    assert records[-1].imbalance == 0
    assert problems_of(records) == []


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("CLP*A-1001*1*250*166", "CLP*A-1001*1*250*1e2", "CLP04"),
        ("CLP*A-1001*1*250*166", "CLP*A-1001*1*250*", "CLP04"),
        ("CLP*A-1001*1*250*166", "CLP**1*250*166", "CLP01"),
        ("CLP*A-1001*1*250*166", "CLP*A-1001**250*166", "CLP02"),
        ("CAS*OA*23*4.5", "CAS*OA*23*4.505", "CAS03"),
        ("CAS*OA*23*4.5", "CAS*OA*23", "CAS03"),
        ("NM1*74*1*ADAMS", "N@1*74*1*ADAMS", ""),
        ("DTM*232*20260210", "CLQ*A-1009*1*1*1", ""),
    ],
)
def test_what_makes_a_payment_unsure_is_an_error_on_it(old, new, field):
    records = changed(old, new)
    assert field in [
        problem.field for problem in payments(records)[0].problems if problem.severity == Severity.ERROR
    ]
    assert len(payments(records)) == 5


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("CLP*A-1001*1*", "CLP*A-1001*99*", "CLP02"),
        ("CAS*OA*", "CAS*XX*", "CAS01"),
        ("DTM*472*20260210", "DTM*472*20260231", "DTM02"),
        ("AMT*B6*140", "AMT*B6*x", "AMT02"),
    ],
)
def test_what_is_doubtful_is_warned_of(old, new, field):
    problems = payments(changed(old, new))[0].problems
    assert [(problem.field, problem.severity) for problem in problems] == [(field, Severity.WARNING)]


@pytest.mark.parametrize(
    ("old", "new", "field", "severity"),
    [
        ("BPR*I*228*C", "BPR*I*NOT*C", "BPR02", Severity.ERROR),
        ("BPR*I*228*C", "BPQ*I*228*C", "BPR", Severity.ERROR),
        ("BPR*I*228*C", "BPR*I*228*Z", "BPR03", Severity.WARNING),
        ("*20260320", "*20261320", "BPR16", Severity.WARNING),
        ("TRN*1*EFT9001", "TRN*1*", "TRN02", Severity.WARNING),
        ("XX*1234567893", "XX*1234567890", "N104", Severity.WARNING),
    ],
)
def test_problems_of_the_heading_are_the_remittances(old, new, field, severity):
    remittance = changed(old, new)[0]
    assert (field, severity) in [(problem.field, problem.severity) for problem in remittance.problems]


def test_a_remittance_cut_short_says_so_on_its_last_claim_and_its_closing():
    text = sample("remittance_5010")
    records = read(text[: text.index("CAS*CO*29*60")])
    assert (39, "CLP") in told([payments(records)[-1]], "error")
    assert (39, "SE") in told(of_kind(records, RemittanceClosing), "error")


def test_an_empty_remittance_is_still_handed_on():
    records = read("ST*835*1*005010X221A1~BPR*H*0*C*NON************20260320~TRN*1*T1~SE*4*1~")
    assert [type(record) for record in records] == [RemittanceRecord, RemittanceClosing]
    assert problems_of(records) == []
