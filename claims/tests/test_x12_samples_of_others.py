"""The files of other projects in ../shared/data/x12, held against what those projects say of them."""

import csv
from collections import Counter

import pytest

from claims.imports.records import (
    AcknowledgementRecord,
    ClaimPaymentRecord,
    ClaimRecord,
    Problem,
    RemittanceClosing,
    RemittanceRecord,
    Severity,
)
from claims.imports.x12.elements import cents

from .x12_samples import SHARED, needs_shared_samples, of_kind, problems_of, read

pytestmark = [pytest.mark.embedded, needs_shared_samples]

IMSWEB = "imsweb__x12-parser/src__test__resources__837_5010__x12_"
KEIRON = "keironstoddart__edi-835-parser"


def totals() -> list[dict[str, str]]:
    if not SHARED.exists():
        return []
    with (SHARED / "totals.csv").open() as file:
        return list(csv.DictReader(file))


def shared(name: str) -> list:
    return read((SHARED / name).read_bytes())


def claims_of(name: str) -> list[ClaimRecord]:
    return of_kind(shared(f"{IMSWEB}{name}.txt"), ClaimRecord)


def told_of(claim: ClaimRecord) -> set[str]:
    return {problem.field for problem in claim.problems if problem.severity == Severity.ERROR}


@pytest.mark.parametrize("row", totals(), ids=lambda row: row["file"].rpartition("__")[2])
def test_every_file_agrees_with_its_totals(row):
    records = shared(row["file"])
    claims = of_kind(records, (ClaimRecord, ClaimPaymentRecord))
    found = {
        "transactions": len(of_kind(records, RemittanceRecord)),
        "claims": len(claims),
        "lines": sum(
            len(claim.lines if isinstance(claim, ClaimRecord) else claim.services) for claim in claims
        ),
        "charged": sum(claim.charge or 0 for claim in claims),
        "paid": sum(claim.paid or 0 for claim in claims),
        "bpr": sum(each.amount for each in of_kind(records, RemittanceRecord)),
        "plb": sum(
            a.amount for each in of_kind(records, RemittanceClosing) for a in each.provider_adjustments
        ),
    }
    for name, said in row.items():
        if said and name in found:
            assert found[name] == (cents(said) if name in ("charged", "paid", "bpr", "plb") else int(said)), (
                name
            )


@pytest.mark.parametrize(
    ("name", "claims", "lines", "charged"),
    [
        (f"{IMSWEB}no_isa_line.txt", 2, 2, 100000),
        (f"{KEIRON}/tests__test_edi_835_files__blue_cross_nc_sample.txt", 1, 3, 210000),
    ],
)
def test_files_without_isa_are_read(name, claims, lines, charged):
    found = of_kind(shared(name), (ClaimRecord, ClaimPaymentRecord))
    count = sum(len(getattr(claim, "lines", None) or getattr(claim, "services", ())) for claim in found)
    assert (len(found), count, sum(claim.charge for claim in found)) == (claims, lines, charged)


@pytest.mark.parametrize("sender", ["blue_cross_nc", "emedny", "united_healthcare_legacy"])
def test_services_agree_with_what_their_own_project_states(sender):
    with (SHARED / KEIRON / "stated" / f"tests__output__{sender}_sample.csv").open() as file:
        stated = [_as_stated(row) for row in csv.DictReader(file)]
    assert stated
    records = shared(f"{KEIRON}/tests__test_edi_835_files__{sender}_sample.txt")
    assert list(map(_as_stated_of, _services(records))) == stated


def _as_stated(row: dict[str, str]) -> dict:
    adjustments = [
        (row[f"adj_{index}_group"], row[f"adj_{index}_code"], cents(row[f"adj_{index}_amount"]))
        for index in range(2)
        if row.get(f"adj_{index}_group")
    ]
    return {
        "marker": row["marker"],
        "procedure": row["code"],
        "modifiers": tuple(filter(None, [row["modifier"]])),
        "charge": cents(row["charge_amount"]) or 0,
        "paid": cents(row["paid_amount"]) or 0,
        "allowed": cents(row["allowed_amount"]),
        "date": row["start_date"],
        "payer": row["payer"],
        "adjustments": sorted(adjustments),
        "reference": row.get("ref_0_value") or "",
        "remarks": tuple(filter(None, [row.get("rem_0_code")])),
    }


def _services(records: list):
    payer = of_kind(records, RemittanceRecord)[0].payer
    for claim in of_kind(records, ClaimPaymentRecord):
        for service in claim.services:
            yield payer, claim, service


def _as_stated_of(found: tuple) -> dict:
    """As that project would have it: of the adjustments in one segment it knows only the first."""
    payer, claim, service = found
    firsts = {each.place: each for each in reversed(service.adjustments)}.values()
    return {
        "marker": claim.control_number,
        "procedure": service.procedure,
        "modifiers": service.modifiers,
        "charge": service.charge,
        "paid": service.paid,
        "allowed": service.allowed,
        "date": service.service_date.isoformat(),
        "payer": payer,
        "adjustments": sorted((each.group, each.reason, each.amount) for each in firsts),
        "reference": service.reference,
        "remarks": service.remarks,
    }


@pytest.mark.parametrize(
    "name", ["valid", "no_errors", "many_claims", "multiple_isa", "multiple_gs", "multiple_st"]
)
def test_sound_claims_are_not_refused(name):
    assert [claim.control_number for claim in claims_of(name) if claim.is_refused] == []


def test_other_separators_make_no_difference():
    kept, other = claims_of("valid"), claims_of("valid_different_separators")
    assert [(claim.control_number, claim.lines[0].procedure) for claim in other] == [
        (claim.control_number, claim.lines[0].procedure) for claim in kept
    ]


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("bad_first_line", []),
        ("bad_valid_code", []),
        ("segments_out_of_order", []),
        ("segment_errors", []),
        ("loop_errors1_exceeds_max_1_parent", []),
        ("loop_errors3_missing_loops", []),
        ("bad_segment_identifier", [(0, {"", "NM1"})]),
        ("missing_elements", [(1, {"CLM05"})]),
        ("missing_required_loop_in_one_repeat", [(0, {"NM1"})]),
        ("missing_required_loops_mult_repeats", [(1, {"DTP03"})]),
        ("ambiguous_loop", [(0, {"NM109"})]),
    ],
)
def test_broken_files_lose_only_the_claims_that_are_broken(name, refused):
    claims = claims_of(name)
    found = [(index, told_of(claim)) for index, claim in enumerate(claims) if claim.is_refused]
    assert found == refused


def test_a_missing_billing_provider_and_a_missing_lx_are_warned_of():
    assert "NM1" in {problem.field for problem in claims_of("bad_valid_code")[0].problems}
    assert "SV1" in {
        problem.field for problem in claims_of("missing_required_loops_mult_repeats")[1].problems
    }


def test_payments_that_are_not_valid_are_told_and_kept():
    records = shared("hzbarcea__x12-parser/src__examples__java__org__pb__x12__example__example835One.txt")
    errors = Counter(problem.field for problem in problems_of(records) if problem.severity == Severity.ERROR)
    assert errors == {"BPR02": 1, "CLP02": 2, "CLP04": 2, "CLP05": 2}
    assert len(of_kind(records, ClaimPaymentRecord)) == 2


@pytest.mark.parametrize(
    ("name", "accepted", "codes"),
    [
        ("277_5010__x12_277CA_accepted", [True, True], [("A1:20",), ("A2:20",)]),
        ("277_5010__x12_277CA_rejected", [True, False], [("A1:20",), ("A7:562:85",)]),
        ("837_5010__x12_999_accepted", [True], [()]),
        ("837_5010__x12_999_rejected", [False], [("IK3:1", "IK5:5")]),
    ],
)
def test_acknowledgements_are_read(name, accepted, codes):
    found = of_kind(shared(f"imsweb__x12-parser/src__test__resources__{name}.txt"), AcknowledgementRecord)
    assert [each.accepted for each in found] == accepted
    assert [each.codes for each in found] == codes


@pytest.mark.parametrize("number", ["276", "277"])
def test_status_questions_and_answers_are_told_once(number):
    records = shared(f"genformai__edi-cli/shared__test-data__sample-{number}.edi")
    assert [problem.field for problem in of_kind(records, Problem)] == ["ST01", "SE01"]
