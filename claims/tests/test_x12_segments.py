import io
import tracemalloc
from itertools import repeat

import pytest

from claims.imports.records import Unreadable
from claims.imports.x12.segments import DAMAGED, LONGEST_ELEMENT, LONGEST_SEGMENT, SegmentStream

from .x12_samples import problems_of, read, sample, told

pytestmark = pytest.mark.embedded

ISA = sample("professional_5010").partition("\n")[0]


class Dribble(io.RawIOBase):
    """A file that gives a few bytes at a time, as a pipe may."""

    def __init__(self, content: bytes, most: int) -> None:
        self._file = io.BytesIO(content)
        self._most = most

    def read(self, size: int = -1) -> bytes:
        return self._file.read(min(size, self._most))


class Endless(io.RawIOBase):
    """A file of some megabytes that is nowhere in memory."""

    def __init__(self, head: bytes, piece: bytes, times: int) -> None:
        self._pieces = repeat(piece, times)
        self._head = head

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        return head or next(self._pieces, b"")


def cut(text: str | bytes) -> list[list[str]]:
    content = text.encode() if isinstance(text, str) else text
    return [elements for _, elements in SegmentStream(io.BytesIO(content))]


def test_delimiters_come_from_each_isa():
    other = ISA.replace("*", "|").replace("~", "\x1d").replace(":", "\x1f")
    stream = SegmentStream(io.BytesIO((ISA + "ST*1~SE*2~" + other + "ST|3\x1dSE|4\x1d").encode()))
    seen = [(elements[:2], stream.delimiters) for _, elements in stream if elements[0] != "ISA"]
    assert [names for names, _ in seen] == [["ST", "1"], ["SE", "2"], ["ST", "3"], ["SE", "4"]]
    assert seen[0][1] == ("*", ":", "~")
    assert seen[3][1] == ("|", "\x1f", "\x1d")


@pytest.mark.parametrize("most", [1, 2, 7, 100, 511])
def test_blocks_may_end_anywhere(most):
    content = (sample("professional_5010") + sample("institutional_4010")).encode()
    whole = list(SegmentStream(io.BytesIO(content)))
    assert list(SegmentStream(Dribble(content, most))) == whole


def test_an_isa_that_lost_its_padding_is_read():
    short = ISA.replace("NORTHCLINIC    ", "NORTHCLINIC").replace("*          *", "**")
    assert cut(short + "GS*HC~")[-1] == ["GS", "HC"]


def test_an_isa_that_lost_an_element_is_read():
    assert cut(ISA.replace("*0*T*", "*T*") + "GS*HC*A~ST*837*1~")[-1] == ["ST", "837", "1"]


@pytest.mark.parametrize("name", ["professional_5010", "remittance_5010"])
@pytest.mark.parametrize("first", ["GS*", "ST*"])
def test_a_file_may_begin_at_gs_or_st(name, first):
    text = sample(name)
    beheaded = text[text.index(first) :]
    kept = [record for record in read(text) if hasattr(record, "control_number")]
    found = [record for record in read(beheaded) if hasattr(record, "control_number")]
    assert [record.control_number for record in found] == [record.control_number for record in kept]
    assert [record.charge for record in found] == [record.charge for record in kept]


def test_component_separator_is_inferred_without_isa():
    text = "ST*835*1~BPR*I*1*C*CHK~CLP*1*1*1*1~SVC*HC>99213>25*1*1~SE*5*1~"
    stream = SegmentStream(io.BytesIO(text.encode()))
    next(iter(stream))
    assert stream.delimiters.component == ">"


@pytest.mark.parametrize("newline", ["", "\n", "\r\n", "\n\n  "])
def test_line_breaks_after_segments_do_not_matter(newline):
    text = sample("remittance_5010")
    assert cut(text.replace("~\n", "~" + newline)) == cut(text)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_line_break_may_itself_end_segments(newline):
    text = sample("remittance_5010")
    assert cut(text.replace("~\n", newline)) == cut(text)


def test_lines_broken_at_column_80_are_joined():
    text = sample("institutional_4010")
    wrapped = "\r\n".join(text[start : start + 80] for start in range(0, len(text), 80))
    assert cut(wrapped) == cut(text)


def test_byte_order_mark_and_leading_blanks_are_skipped():
    assert cut(b"\xef\xbb\xbf \r\n\t" + sample("dental_5010").encode()) == cut(sample("dental_5010"))


def test_text_before_the_first_isa_is_told():
    records = read("Subject: claims\n\n" + sample("dental_5010"))
    assert told(records)[0] == (1, "")
    assert len(records) == len(read(sample("dental_5010"))) + 1


def test_accents_are_read_as_utf8_and_else_as_windows_text():
    assert cut("ST*É~ST*é~".encode())[0] == ["ST", "É"]
    assert cut(ISA.encode() + b"NM1*Jos\xe9~")[-1] == ["NM1", "José"]


@pytest.mark.parametrize(
    "content", [b"", b"  \n", b"a,b\n1,2\n", b"ISA", b"ISA*00*~~~~", b"GS,claim\n1,2", b"\x00" * 5000]
)
def test_what_is_not_x12_is_unreadable(content):
    with pytest.raises(Unreadable):
        cut(content)


def test_utf16_is_unreadable_and_says_how_to_mend_it():
    with pytest.raises(Unreadable, match="UTF-8"):
        cut(sample("dental_5010").encode("utf-16"))


def test_damaged_segments_are_told_in_their_place():
    found = list(SegmentStream(io.BytesIO((ISA + "nm1*X~*Y~NM1*A\x00B~TOOLONG*1~N3*fine~").encode())))
    assert [(place, elements[0]) for place, elements in found[1:]] == [
        (2, DAMAGED),
        (3, DAMAGED),
        (4, DAMAGED),
        (5, DAMAGED),
        (6, "N3"),
    ]


def test_an_oversized_element_makes_the_file_unreadable():
    with pytest.raises(Unreadable, match="element") as refusal:
        cut(ISA + "N3*a~NTE*" + "x" * (LONGEST_ELEMENT + 1) + "~N4*b~")
    assert refusal.value.place == 3


def test_an_endless_segment_makes_the_file_unreadable_at_once():
    file = Endless(ISA.encode(), b"N3*x*" * 100, 100_000)
    with pytest.raises(Unreadable, match="segment"):
        list(SegmentStream(file))
    assert sum(1 for _ in file._pieces) > 99_000
    with pytest.raises(Unreadable, match="segment"):
        cut(ISA + "N3" + "*x" * LONGEST_SEGMENT + "~")


def test_memory_is_bounded_however_long_the_file():
    lines = "".join(f"CLM*C{number}*1***11:B:1~LX*1~SV1*HC:99213*1*UN*1~" for number in range(500)).encode()
    head = ISA + "GS*HC*A*B*20260302*0915*1*X*005010X222A1~ST*837*1~"
    tracemalloc.start()
    stream = SegmentStream(Endless(head.encode(), lines, 300))
    count = sum(1 for _ in stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3 + 300 * 1500
    assert peak < 3_000_000


def test_problems_never_repeat_what_was_sent():
    text = (
        sample("professional_5010")
        .replace("ADAMS", "AD~AMS")
        .replace("*250*", "*25O.0O*")
        .replace("19700514", "1970O514")
    )
    texts = "\n".join(f"{problem.field} {problem.reason}" for problem in problems_of(read(text)))
    for secret in ("AMS", "25O", "1970O514", "RITA", "M1001", "A-1001"):
        assert secret not in texts
