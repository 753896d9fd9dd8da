"""Claims as JSON: one, a list, a request's body, and hostile ones."""

import io
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.imports.claim_json import claim_of, read_body, read_claim_json
from claims.imports.records import ClaimRecord, Kind, Problem, Unreadable
from claims.imports.rules import Limits

from .sample_files import RULES, SAMPLES, read_bytes

pytestmark = pytest.mark.embedded

SAMPLE = (SAMPLES / "claims.json").read_bytes()
LINE = json.loads(SAMPLE)[0]["lines"][0]


def read(content, rules=RULES):
    return read_bytes(read_claim_json, content.encode() if isinstance(content, str) else content, rules)


def body_with(raw, name="Provider Fees"):
    """A claim in whose only line a field is this piece of JSON."""
    return json.dumps({"lines": [LINE | {name: "PUT HERE"}]}).replace('"PUT HERE"', raw).encode()


def test_a_list_of_claims_is_read_in_any_spelling():
    first, second = read(SAMPLE)
    assert (first.control_number, first.payer, first.kind) == ("J-1", "Northern Dental", Kind.DENTAL)
    line = first.lines[0]
    assert (line.procedure, line.subscriber, line.rendering_npi) == ("D0180", "1002003004", "1497775530")
    assert (line.provider_fees, line.allowed_fees, line.net_fee) == (10000, 9050, 1450)
    assert (second.place, second.kind, second.lines[0].procedure) == (2, Kind.PROFESSIONAL, "99213")
    assert not first.problems + second.problems


def test_one_claim_is_read_alone():
    (claim,) = read(json.dumps(json.loads(SAMPLE)[0]))
    assert claim.lines[0].net_fee == 1450
    assert read_body(json.dumps({"lines": [LINE, LINE]}).encode(), RULES).lines[1].number == 2


def test_fields_that_are_not_the_senders_to_say_are_ignored_in_a_file_and_refused_in_a_request():
    body = json.dumps({"id": 1, "Status": "paid", "lines": [LINE | {"net_fee": 5}]})
    (claim,) = read(body)
    assert not claim.problems
    assert claim.status == "submitted"
    asked = read_body(body.encode(), RULES)
    assert [problem.field for problem in asked.problems] == ["id", "Status", "line 1: net_fee"]
    assert asked.is_refused


def test_a_body_that_another_parser_has_read_gives_the_same():
    claim = claim_of({"lines": [LINE | {"Provider Fees": 100.1}]}, 1, RULES)
    assert claim.lines[0].provider_fees == 10010
    for number in (float("nan"), float("inf"), 1e22, 10**5000, True, [], b"1"):
        assert claim_of({"lines": [LINE | {"Provider Fees": number}]}, 1, RULES).is_refused


@pytest.mark.parametrize(
    "raw",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e5",
        "1E+999999",
        "9" * 5000,
        "-1",
        "1.234",
        "true",
        "null",
        "[]",
        "{}",
        '"１"',
    ],
)
def test_numbers_that_are_no_amounts_are_refused_by_name(raw):
    claim = read_body(body_with(raw), RULES)
    assert {problem.field for problem in claim.problems} == {"line 1: Provider Fees"}


@pytest.mark.parametrize("raw", ["NaN", "true", '"\\ud800"', '"a\\u0000b"', '"\\u202e1"'])
def test_texts_that_are_none_are_refused_by_name(raw):
    claim = read_body(body_with(raw, "Subscriber#"), RULES)
    assert {problem.field for problem in claim.problems} == {"line 1: Subscriber#"}


def test_missing_fields_are_named_as_we_call_them():
    (claim,) = read('{"lines": [{}]}')
    assert len(claim.problems) == 9
    assert "line 1: Provider NPI" in {problem.field for problem in claim.problems}


def test_names_that_stand_twice_refuse_the_claim():
    claim = read_body(body_with('1, "provider_fees": 2'), RULES)
    assert [problem.reason for problem in claim.problems] == ["is named twice, in two spellings"]
    claim = read_body(body_with('1, "Provider Fees": 2'), RULES)
    assert [problem.reason for problem in claim.problems] == ["names a field twice"]


@pytest.mark.parametrize("lines", ["", ', "lines": []', ', "lines": {}', ', "lines": "x"', ', "lines": [1]'])
def test_a_claim_has_lines(lines):
    assert read_body(f'{{"payer": "x"{lines}}}'.encode(), RULES).is_refused


@pytest.mark.parametrize(
    "content",
    ["", " ", "1", '"x"', "null", "NaN", "[1]", "[[]]", "{", "[{}", "[{}{}]", "{} {}", "[] x", "[{},]", "nul",
     "{'a': 1}", '{"a": tru}', "[" * 100_000, '{"a":' * 100_000, "{}\x00"],
)  # fmt: skip
def test_what_is_no_claim_is_unreadable(content):
    with pytest.raises(Unreadable):
        read(content)


def test_other_encodings_are_unreadable():
    for content in (b'{"a": "\xff"}', SAMPLE.decode().encode("utf-16"), SAMPLE[:50] + b"\xc3"):
        with pytest.raises(Unreadable):
            read(content)
    assert len(read(b"\xef\xbb\xbf" + SAMPLE)) == 2


def test_deep_nesting_is_unreadable():
    def nested(levels):
        return f'{{"x": {"[" * levels}{"]" * levels}, "lines": []}}'

    assert read(nested(19))
    with pytest.raises(Unreadable, match="20 levels"):
        read(nested(20))
    with pytest.raises(Unreadable, match="20 levels"):
        read_body(nested(50_000).encode(), RULES)


def test_an_empty_list_has_no_claims():
    assert read(" [ ] ") == []


def test_refused_items_are_kept_as_they_were_sent():
    first, second = read(SAMPLE.replace(b"99213", b"9"))
    assert not first.source
    assert second.source[0][0] == 2
    assert json.loads(second.source[0][1][0])["control_number"] == "J-2"


def test_claims_before_a_break_are_handed_on():
    records = read_claim_json(io.BytesIO(SAMPLE.rstrip().removesuffix(b"]") + b", oops"), RULES)
    assert [next(records).place, next(records).place] == [1, 2]
    with pytest.raises(Unreadable) as refused:
        next(records)
    assert refused.value.place == 3


def test_a_long_list_is_held_one_claim_at_a_time():
    item = json.dumps({"control_number": "ü" * 40, "lines": [LINE] * 3}, ensure_ascii=False)

    class Repeating(io.RawIOBase):
        left = 3_000

        def read(self, size=-1):
            self.left -= 1
            if self.left == 2_999:
                return b"["
            return (item + (", " if self.left else "]")).encode() if self.left >= 0 else b""

    records = read_claim_json(Repeating(), RULES)
    assert sum(1 for _ in records) == 2_999


def test_an_item_without_an_end_is_refused_early():
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size=-1):
            self.taken += size
            return b'{"a": "' if self.taken == size else b"x" * size

    file = Endless()
    with pytest.raises(Unreadable, match="longer than"):
        list(read_claim_json(file, replace(RULES, limits=Limits(json_item=1_000_000))))
    assert file.taken < 5_000_000


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_files_raise_nothing_but_unreadable_and_repeat_no_value(data):
    content = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 5))] = data.draw(
            st.binary(max_size=4)
            | st.sampled_from([b'"', b"{", b"}", b"[", b"]", b",", b"NaN", b"1e9", b"\\u0000"])
        )
    try:
        records = read(bytes(content))
    except Unreadable as unreadable:
        records = [Problem(unreadable.place, "", unreadable.reason)]
    for record in records:
        for problem in record.problems if isinstance(record, ClaimRecord) else [record]:
            assert "1002003004" not in f"{problem.field} {problem.reason}"


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from([*LINE, "lines", "kind", "payer"]) | st.text(), inner)
        ),
    )
)
def test_any_body_is_a_claim_or_unreadable(value):
    try:
        claim = read_body(json.dumps(value).encode(), RULES)
    except Unreadable:
        return
    assert claim.is_refused or claim.lines
