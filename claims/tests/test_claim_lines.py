"""Claim-line CSV files: as they are sent, broken, and hostile."""

import io
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.imports.claim_lines import read_claim_lines
from claims.imports.records import ClaimRecord, Kind, LineRecord, Problem, Severity, Unreadable
from claims.imports.rules import Grouping, Limits, Rules

from .sample_files import RULES, SAMPLES, TODAY, read_bytes, shared

pytestmark = pytest.mark.embedded

HEADER = (
    "service date,submitted procedure,quadrant,Plan/Group #,Subscriber#,Provider NPI,"
    "provider fees,Allowed fees,member coinsurance,member copay"
)
LINE = "3/28/18 0:00,D0180,,GRP-1000,3730189502,1497775530,$100.00 ,$100.00 ,$0.00 ,$0.00 "
BY_ROW = replace(RULES, grouping=Grouping.ROW)
SAMPLE = (SAMPLES / "claim_lines.csv").read_bytes()


def read(text, rules=RULES):
    return read_bytes(read_claim_lines, text.encode() if isinstance(text, str) else text, rules)


def claims_of(text, rules=RULES):
    return [record for record in read(text, rules) if isinstance(record, ClaimRecord)]


def numbered(*rows):
    """Lines that begin with their claim's number."""
    return "\n".join([f"claim number,{HEADER}", *(f"{row},{LINE}" for row in rows)])


def with_field(position, text):
    cells = LINE.split(",")
    cells[position] = text
    return f"{HEADER}\n{','.join(cells)}"


def net_fee(claims):
    return sum(line.net_fee for claim in claims for line in claim.lines)


@pytest.mark.parametrize(
    ("name", "cents"),
    [
        ("01-canonical-10col-mixed-case-trailing-space.csv", 11685),
        ("02-ahmar-nonzero-amounts-4-npis.csv", 232000),
        ("04-heyitspratik-underscored-headers.csv", 11685),
    ],
)
def test_shared_samples_give_their_known_net_fee(name, cents):
    (claim,) = claims_of(shared(f"claim_csv/{name}").read_bytes())
    assert not claim.is_refused
    assert len(claim.lines) == 4
    assert net_fee([claim]) == cents


def test_every_field_of_a_line_is_read():
    first, second = claims_of(SAMPLE)
    assert first.lines[1] == LineRecord(
        place=4, number=2, procedure="D4211", service_date=date(2018, 3, 29), quadrant="UR", charge=17800,
        plan_group="GRP-7", subscriber="1002003004", rendering_npi="1497775530", provider_fees=17800,
        allowed_fees=17800, coinsurance=3560, copay=500,
    )  # fmt: skip
    assert (first.control_number, first.payer, first.kind) == ("A-1", "Northern Dental", Kind.DENTAL)
    assert (first.charge, first.service_date, first.service_end) == (
        127800,
        date(2018, 3, 28),
        date(2018, 3, 29),
    )
    assert (second.place, second.control_number, net_fee([second])) == (5, "B-2", 8125)
    assert not first.problems
    assert not first.source


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_line_endings_and_marks_at_the_start_mean_nothing(ending, bom):
    assert net_fee(claims_of(bom + SAMPLE.replace(b"\n", ending))) == net_fee(claims_of(SAMPLE))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiters_are_told_from_the_header(delimiter):
    assert len(claims_of(f"{HEADER}\n{LINE}".replace(",", delimiter))[0].lines) == 1


def test_columns_that_are_not_read_are_told_once():
    notes = [record for record in read(SAMPLE) if isinstance(record, Problem)]
    assert notes == [Problem(1, "column 13", "is not read", Severity.WARNING)]


def test_windows_text_is_read_and_told():
    *claims, note = read(f"{HEADER}\n{LINE.replace('GRP-1000', 'Größe')}".encode("cp1252"))
    assert claims[0].lines[0].plan_group == "Größe"
    assert (note.place, note.severity) == (2, Severity.WARNING)


def test_rows_without_content_and_empty_cells_at_the_end_do_no_harm():
    (claim,) = claims_of(f"\n{HEADER},,\n\n{LINE},,,\n,,,,,,,,,,,,\n{LINE}\n\n")
    assert [line.place for line in claim.lines] == [4, 6]
    assert not claim.problems


@pytest.mark.parametrize(
    ("position", "text", "name"),
    [
        (0, "2/30/18", "service date"),
        (1, "X0180", "submitted procedure"),
        (1, "", "submitted procedure"),
        (2, "a\x00", "quadrant"),
        (3, "  ", "Plan/Group #"),
        (4, "", "Subscriber#"),
        (5, "149777553", "Provider NPI"),
        (6, "-1", "provider fees"),
        (7, "1e5", "Allowed fees"),
        (8, "NaN", "member coinsurance"),
        (9, "１", "member copay"),
    ],
)
def test_a_bad_field_refuses_its_claim_and_keeps_the_row(position, text, name):
    content = with_field(position, text)
    (claim,) = claims_of(content)
    assert [(problem.place, problem.field) for problem in claim.problems] == [(2, name)]
    assert claim.is_refused
    assert claim.source == [(2, content.split("\n")[1].split(","))]


def test_all_problems_of_a_claim_are_told():
    (claim,) = claims_of(f"{HEADER}\n,,,,,,,,,\n{LINE}\nx,y,,,,1,a,b,c,d")
    assert len(claim.problems) == 9
    assert len(claim.source) == 2


def test_wrong_check_digits_only_warn():
    (claim,) = claims_of(with_field(5, "1497775535"))
    assert [problem.severity for problem in claim.problems] == [Severity.WARNING]
    assert not claim.is_refused


def test_rows_of_another_width_are_refused():
    claims = claims_of(f"{HEADER}\n{LINE}\na,b\n{LINE},surplus\n", BY_ROW)
    assert [claim.is_refused for claim in claims] == [False, True, True]


def test_each_row_can_be_a_claim():
    claims = claims_of(f"{HEADER}\n{LINE}\n{LINE}", BY_ROW)
    assert [len(claim.lines) for claim in claims] == [1, 1]


def test_lines_are_grouped_by_claim_number_wherever_they_stand():
    claims = claims_of(numbered("A", "A", "B", "A", "C", "B"))
    assert [(claim.control_number, len(claim.lines)) for claim in claims] == [("C", 1), ("A", 3), ("B", 2)]
    assert [line.number for line in claims[1].lines] == [1, 2, 3]


def test_too_many_lines_that_stand_apart_are_refused_before_anything_is_read():
    rules = replace(RULES, limits=Limits(scattered_lines=3))
    assert len(claims_of(numbered("A", "B", "A"), rules)) == 2
    with pytest.raises(Unreadable, match="sort the file"):
        read(numbered("A", "B", "A", "B"), rules)


def test_a_row_of_no_known_claim_refuses_the_claims_beside_it():
    claims = claims_of(numbered("A", "B", "", "C", "D"))
    assert [claim.is_refused for claim in claims] == [False, True, True, False]
    assert [len(claim.source) for claim in claims] == [0, 2, 2, 0]


def test_a_broken_row_refuses_its_own_claim_alone_when_that_is_known():
    text = numbered("A", "A", "B").replace(f"A,{LINE}\nB", "A,cut off\nB")
    claims = claims_of(text)
    assert [claim.is_refused for claim in claims] == [True, False]


def test_rows_without_any_claim_are_refused():
    claims = claims_of(numbered("", ""))
    assert [claim.is_refused for claim in claims] == [True, True]


def test_lines_of_a_claim_that_contradict_its_first_are_refused():
    claims = claims_of(SAMPLE.replace(b"A-1,,2018", b"A-1,Other Dental,2018"))
    assert [(problem.place, problem.field) for problem in claims[0].problems] == [(4, "Payer")]


def test_missing_columns_are_named():
    with pytest.raises(Unreadable, match="lacks service date and member copay"):
        read(HEADER.replace("service date", "date").replace("member copay", "copy") + f"\n{LINE}")


def test_a_header_that_names_a_column_twice_is_refused():
    with pytest.raises(Unreadable, match="Provider NPI more than once"):
        read(f"{HEADER},provider_npi\n{LINE},1")


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", '"', "\x00", "1,2\n3,4"])
def test_files_without_a_header_are_unreadable(text):
    with pytest.raises(Unreadable):
        read(text)


def test_utf_16_is_named():
    with pytest.raises(Unreadable, match="UTF-16"):
        read(f"{HEADER}\n{LINE}".encode("utf-16"))


def test_a_quotation_mark_that_is_not_closed_is_told():
    with pytest.raises(Unreadable, match="quotation mark"):
        read(f'{HEADER}\n"{LINE}\n' + f"{LINE}\n" * 3000)


class Endless(io.RawIOBase):
    """A file that repeats itself for ever, and counts what was read."""

    def __init__(self, start, pattern):
        self.start, self.pattern, self.taken = start, pattern * 100_000, 0

    def read(self, size=-1):
        self.taken += size
        start, self.start = self.start, b""
        return start or self.pattern[:size]


@pytest.mark.parametrize("start", [b"", f"{HEADER}\n".encode()])
@pytest.mark.parametrize("pattern", [b"a", b"a,", b'","\n', b'"\n', b"\x00", b'""'])
def test_lines_and_rows_without_an_end_are_refused_early(start, pattern):
    file = Endless(start, pattern)
    with pytest.raises(Unreadable):
        list(read_claim_lines(file, RULES))
    assert file.taken < 4_000_000


def test_a_claim_has_only_so_many_lines():
    rules = Rules(TODAY, limits=Limits(lines_of_a_claim=3))
    assert len(claims_of("\n".join([HEADER, *[LINE] * 3]), rules)[0].lines) == 3
    with pytest.raises(Unreadable, match="4th line"):
        read("\n".join([HEADER, *[LINE] * 4]), rules)


def test_too_many_columns_are_refused():
    with pytest.raises(Unreadable, match="columns"):
        read(HEADER + "," * 500 + f"\n{LINE}")


def test_blocks_may_end_anywhere():
    row = numbered(*(f"A{number}" for number in range(5000))).replace("\n", "\r\n")
    claims = claims_of(row)
    assert len(claims) == 5000
    assert not any(claim.problems for claim in claims)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_files_raise_nothing_but_unreadable_and_repeat_no_value(data):
    content = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 8))
        content[at : at + cut] = data.draw(
            st.binary(max_size=6)
            | st.sampled_from([b'"', b"\n", b",", b"\r", b"\x00", b";", b"\xff", b"9" * 99])
        )
    try:
        records = read(bytes(content), data.draw(st.sampled_from([RULES, BY_ROW])))
    except Unreadable as unreadable:
        records = [Problem(unreadable.place, "", unreadable.reason)]
    for record in records:
        for problem in [record] if isinstance(record, Problem) else record.problems:
            assert "1002003004" not in f"{problem.field} {problem.reason}"
        if isinstance(record, ClaimRecord):
            assert record.is_refused or all(line.net_fee is not None for line in record.lines)
            assert bool(record.source) == record.is_refused
