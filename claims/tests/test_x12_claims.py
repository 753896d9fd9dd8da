from datetime import date

import pytest

from claims.imports.records import ClaimRecord, Kind, Problem, Unreadable

from .x12_samples import of_kind, problems_of, read, sample, told


def claims_of(text: str) -> list[ClaimRecord]:
    return of_kind(read(text), ClaimRecord)


def professional(old: str = "", new: str = "") -> list[ClaimRecord]:
    text = sample("professional_5010")
    assert old in text
    return claims_of(text.replace(old, new) if old else text)


def test_a_professional_claim_is_read_whole():
    claim = professional()[0]
    assert claim.kind == Kind.PROFESSIONAL
    assert (claim.control_number, claim.charge, claim.place_of_service, claim.frequency) == (
        "A-1001",
        25000,
        "11",
        "1",
    )
    assert (claim.payer, claim.payer_id, claim.responsibility) == ("ACME HEALTH", "ACME1", "P")
    assert (claim.billing_npi, claim.rendering_npi) == ("1234567893", "1000000004")
    assert (claim.group_number, claim.transaction_number, claim.submitted_at) == (
        "101",
        "0001",
        date(2026, 3, 2),
    )
    assert (claim.authorization, claim.diagnoses) == ("AUTH77", ("E119", "I10"))
    assert (claim.service_date, claim.service_end) == (date(2026, 2, 10), date(2026, 2, 14))
    assert claim.problems == []


def test_the_subscriber_is_the_patient_without_a_dependent():
    patient = professional()[0].patient
    assert (patient.last_name, patient.first_name, patient.member_id) == ("ADAMS", "RITA", "M1001")
    assert patient.birth_date == date(1970, 5, 14)


def test_a_dependent_is_the_patient_with_the_subscribers_number():
    claim = professional()[2]
    assert (claim.patient.last_name, claim.patient.first_name) == ("BAKER", "NOAH")
    assert claim.patient.birth_date == date(2019, 3, 1)
    assert claim.patient.member_id == claim.lines[0].subscriber == "M2002"
    assert (claim.payer, claim.responsibility) == ("UNITY CARE", "S")


def test_lines_credit_their_own_rendering_provider():
    lines = professional()[0].lines
    assert [line.rendering_npi for line in lines] == ["1000000004", "1000000012", "1000000004"]
    assert professional()[1].lines[0].rendering_npi == "1234567893"


def test_lines_are_read_with_modifiers_units_and_references():
    first, second, third = professional()[0].lines
    assert (first.place, first.number, first.procedure, first.modifiers) == (26, 1, "99213", ("25",))
    assert (second.charge, second.units, second.reference) == (9950, "1.5", "A-1001-2")
    assert (third.charge, third.service_date, third.plan_group) == (50, date(2026, 2, 12), "GRP100")


def test_a_rebill_names_the_original_and_not_the_other_payers():
    claim = professional()[1]
    assert (claim.frequency, claim.original_number) == ("7", "ICN555")
    assert (claim.payer, claim.patient.member_id) == ("ACME HEALTH", "M1001")


def test_a_rebill_without_an_original_is_warned_of():
    claim = professional("REF*F8*ICN555~\n")[1]
    assert not claim.is_refused
    assert [problem.field for problem in claim.problems] == ["REF"]


def test_a_problem_of_a_dependent_without_claims_touches_nobody_else():
    assert professional()[2].problems == []
    lina_too = professional("HL*5*3*23*0~\nPAT*19~\nNM1*QC*1*BAKER*NOAH~\nDMG*D8*20190301*M~\n")[2]
    assert [(problem.place, problem.field) for problem in lina_too.problems] == [(55, "DMG02")]
    assert lina_too.is_refused


def test_an_institutional_claim_of_4010_is_read():
    (claim,) = claims_of(sample("institutional_4010"))
    assert (claim.kind, claim.charge, claim.diagnoses) == (
        Kind.INSTITUTIONAL,
        182075,
        ("I214", "E119", "I10"),
    )
    assert (claim.service_date, claim.service_end) == (date(2026, 1, 10), date(2026, 1, 13))
    room, tests = claim.lines
    assert (room.revenue_code, room.procedure, room.charge, room.units) == ("0120", "", 150000, "3")
    assert room.service_date == date(2026, 1, 10)
    assert (tests.revenue_code, tests.procedure, tests.service_date) == ("0300", "80053", date(2026, 1, 11))
    assert claim.problems == []


def test_a_dental_claim_is_read_with_quadrant_and_teeth():
    claim = claims_of(sample("dental_5010"))[0]
    filling, cleaning = claim.lines
    assert (filling.procedure, filling.quadrant, filling.tooth, filling.charge) == (
        "D2391",
        "10",
        "12 13",
        18000,
    )
    assert (filling.service_date, cleaning.service_date) == (date(2026, 2, 25), date(2026, 2, 26))
    assert (filling.plan_group, cleaning.units) == ("SMILE PLAN", "1")


def test_a_dental_claim_with_a_medical_procedure_is_refused():
    good, bad = claims_of(sample("dental_5010"))
    assert not good.is_refused
    assert told([bad]) == [(26, "SV301")]


def test_the_kind_follows_the_services_when_no_envelope_tells_it():
    text = sample("dental_5010")
    text = text[text.index("ST*") :].replace("*005010X224A2", "")
    assert [claim.kind for claim in claims_of(text)] == [Kind.DENTAL, Kind.DENTAL]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("CLM*A-1001*250*", "CLM**250*", "CLM01"),
        ("CLM*A-1001*250*", f"CLM*{'A' * 81}*250*", "CLM01"),
        ("CLM*A-1001*250*", "CLM*A-1001**", "CLM02"),
        ("CLM*A-1001*250*", "CLM*A-1001*-250*", "CLM02"),
        ("CLM*A-1001*250*", "CLM*A-1001*2.5E2*", "CLM02"),
        ("CLM*A-1001*250*", "CLM*A-1001*NaN*", "CLM02"),
        ("CLM*A-1001*250*", "CLM*A-1001*250.001*", "CLM02"),
        ("CLM*A-1001*250*", "CLM*A-1001*２５０*", "CLM02"),
        ("CLM*A-1001*250*", "CLM*A-1001*1_000*", "CLM02"),
        ("CLM*A-1001*250*", "CLM*A-1001*99999999999*", "CLM02"),
        ("CLM*A-1001*250***11:B:1*", "CLM*A-1001*250****", "CLM05"),
        ("*150.00*UN", "*15O.00*UN", "SV102"),
        ("*150.00*UN*1*", "*150.00*UN*one*", "SV104"),
        ("HC:99213:25", "99213", "SV101"),
        ("HC:99213:25", "HC:99213 OFFICE", "SV101"),
        ("D8*20260210", "D8*20260230", "DTP03"),
        ("D8*20260210", "D9*20260210", "DTP03"),
        ("RD8*20260212-20260214", "RD8*20260214-20260212", "DTP03"),
        ("D8*19700514", "D8*19701332", "DMG02"),
        ("XX*1000000004", "XX*100000000", "NM109"),
        ("XX*1000000012", "XX*10000000１2", "NM109"),
    ],
)
def test_what_is_wrong_in_a_claim_refuses_it_and_names_the_element(old, new, field):
    claim = professional(old, new)[0]
    assert claim.is_refused
    assert field in [problem.field for problem in claim.problems]
    assert not professional(old, new)[2].is_refused


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("XX*1000000004", "XX*1000000005", "NM109"),
        ("11:B:1", "11", "CLM05"),
        ("CLM*A-1001*250*", "CLM*A-1001*251*", "CLM02"),
        ("HI*ABK:E119*", "HI*ABK*", "HI01"),
    ],
)
def test_what_is_doubtful_is_warned_of(old, new, field):
    claim = professional(old, new)[0]
    assert not claim.is_refused
    assert field in [problem.field for problem in claim.problems]


def test_a_claim_needs_lines_and_a_patient():
    text = "ST*837*1*005010X222A1~BHT*0019*00*1*20260302~CLM*C1*1***11:B:1~SE*4*1~"
    (claim,) = claims_of(text)
    assert {problem.field for problem in claim.problems} >= {"LX", "NM1"}
    assert claim.is_refused


def test_a_line_number_without_a_service_is_told():
    claim = professional("SV1*HC:99212*90*UN*1***1~\n")[1]
    assert (45, "LX") in told([claim], "error")


def test_services_before_any_claim_are_told():
    text = sample("professional_5010").replace("CLM*A-1003*40***11:B:1*Y*A*Y*Y~\n", "")
    assert [problem.field for problem in of_kind(read(text), Problem)][:2] == ["LX", "SV1"]


def test_a_damaged_segment_refuses_the_claim_that_holds_it():
    first, second, third = professional("HI*ABK:E119", "H!*ABK:E119")
    assert first.is_refused
    assert second.is_refused  # the segment may have been the heading of its patient
    assert not third.is_refused


def test_a_lost_claim_segment_refuses_the_claim_before_it():
    claims = professional("CLM*A-1002", "CLN*A-1002")
    assert [(claim.control_number, claim.is_refused) for claim in claims] == [
        ("A-1001", True),
        ("A-1003", False),
    ]


def test_a_lost_billing_provider_refuses_the_claims_below_it():
    claims = professional("HL*3*1*22*1", "H*9**20*1~\nNM1*85*2*SOUTH CLINIC*****XX*1555555550~\nHL*3*9*22*1")
    assert [claim.is_refused for claim in claims] == [False, True, True]


def test_a_damaged_segment_of_one_dependents_claim_leaves_the_next_dependents():
    text = sample("professional_5010")
    start, end = text.index("HL*5*"), text.index("SE*")
    sibling = text[start:end].replace("A-1003", "A-1004").replace("HL*5*", "HL*6*")
    claims = claims_of(text[:end].replace("HI*ABK:J029", "H!*ABK:J029") + sibling + text[end:])
    assert [claim.is_refused for claim in claims] == [False, False, True, False]


def test_a_claim_without_end_is_unreadable():
    endless = "REF*D9*1~" * 20_001
    with pytest.raises(Unreadable, match="20000"):
        read(sample("professional_5010").replace("REF*G1", endless + "REF*G1"))


def test_printing_a_claim_shows_nothing_of_it():
    claim = professional()[0]
    assert "ADAMS" not in repr(claim)
    assert "ADAMS" not in repr(claim.patient)
    assert problems_of([claim]) == []
