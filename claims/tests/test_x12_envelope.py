import pytest

from claims.imports.records import ClaimRecord, Problem, Severity

from .x12_samples import of_kind, problems_of, read, sample, told


@pytest.mark.parametrize(
    "name",
    [
        "professional_5010",
        "institutional_4010",
        "dental_5010",
        "remittance_5010",
        "claim_acknowledgement_277",
        "acknowledgement_999",
    ],
)
def test_a_sound_envelope_has_no_problems(name):
    assert of_kind(read(sample(name)), Problem) == []


@pytest.mark.parametrize(
    ("sound", "broken", "field"),
    [
        ("SE*25*0001", "SE*26*0001", "SE01"),
        ("SE*25*0001", "SE*25*0009", "SE02"),
        ("SE*25*0001", "SE**0001", "SE01"),
        ("SE*25*0001", "SE*２５*0001", "SE01"),
        ("GE*1*103", "GE*2*103", "GE01"),
        ("GE*1*103", "GE*1*104", "GE02"),
        ("IEA*1*000000103", "IEA*3*000000103", "IEA01"),
        ("IEA*1*000000103", "IEA*1*000000109", "IEA02"),
        ("GE*1*103~\n", "", "GS"),
        ("IEA*1*000000103~\n", "", "ISA"),
        ("SE*25*0001~\n", "", "ST"),
    ],
)
def test_wrong_trailers_are_warnings_and_the_claims_are_kept(sound, broken, field):
    assert sound in sample("dental_5010")
    records = read(sample("dental_5010").replace(sound, broken))
    (problem,) = of_kind(records, Problem)
    assert (problem.field, problem.severity) == (field, Severity.WARNING)
    assert [claim.control_number for claim in of_kind(records, ClaimRecord)] == ["D-3001", "D-3002"]
    assert not of_kind(records, ClaimRecord)[0].is_refused


def test_several_interchanges_with_delimiters_of_their_own():
    records = read(sample("professional_5010") + sample("institutional_4010") + sample("dental_5010"))
    claims = of_kind(records, ClaimRecord)
    assert [claim.control_number for claim in claims] == [
        "A-1001",
        "A-1002",
        "A-1003",
        "H-2001",
        "D-3001",
        "D-3002",
    ]
    assert of_kind(records, Problem) == []
    assert claims[3].lines[1].procedure == "80053"


def test_another_kind_of_transaction_is_told_and_the_rest_is_read():
    enrolment = sample("dental_5010").replace("ST*837*0001*005010X224A2", "ST*834*0001*005010X220A1")
    records = read(enrolment + sample("professional_5010"))
    (problem,) = of_kind(records, Problem)
    assert (problem.place, problem.field, problem.severity) == (3, "ST01", Severity.ERROR)
    assert len(of_kind(records, ClaimRecord)) == 3


def test_a_status_answer_is_not_taken_for_an_acknowledgement():
    records = read(sample("claim_acknowledgement_277").replace("005010X214", "005010X212"))
    assert told(records) == [(3, "ST01")]


def test_segments_outside_transactions_are_told_once_a_run():
    text = sample("dental_5010").replace("ST*837", "N3*a~N3*b~ST*837").replace("GE*1", "N3*c~GE*1")
    assert [problem.place for problem in of_kind(read(text), Problem)] == [3, 30]


def test_an_interchange_acknowledgement_is_told():
    text = sample("dental_5010").replace("GS*", "TA1*000000001*260302*0915*A*000~GS*", 1)
    assert told(read(text)) == [(2, "TA1"), (27, "SV301")]


def test_a_file_cut_short_refuses_its_last_claim_only():
    text = sample("professional_5010")
    records = read(text[: text.index("SV1*HC:87880")])
    claims = of_kind(records, ClaimRecord)
    assert [claim.is_refused for claim in claims] == [False, False, True]
    assert {problem.field for problem in problems_of(records)} >= {"ST", "GS", "ISA", "CLM", "LX"}
