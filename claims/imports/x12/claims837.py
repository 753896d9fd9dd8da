"""Claims of an 837: professional, institutional or dental, 4010 or 5010.

Who is billed for what is told in levels: billing provider, subscriber, dependent patient. A level holds until
the next of its rank, so one of them may serve many claims, and what is wrong with it is wrong with each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from ..records import ClaimRecord, Kind, LineRecord, PatientRecord, Problem, Record, Severity
from ..validation import IDENTIFIER_LENGTH
from .elements import Elements, dollars
from .segments import DAMAGED
from .transactions import Body, Header, refuse_endless

KINDS = {
    "098": Kind.PROFESSIONAL,
    "222": Kind.PROFESSIONAL,
    "096": Kind.INSTITUTIONAL,
    "223": Kind.INSTITUTIONAL,
    "097": Kind.DENTAL,
    "224": Kind.DENTAL,
}
REBILLS = ("7", "8")
DIAGNOSIS_QUALIFIERS = ("BK", "ABK", "BF", "ABF")

# What an 837 may hold besides the segments that are read. Any other name inside a claim is a damaged segment:
# it may have been the next CLM, and what follows it another patient's.
_LEFT_UNREAD = frozenset(
    re.findall(
        r"\w+",
        """
        N2 N3 N4 PER PRV CUR PAT DMG CL1 DN1 DN2 PWK CN1 DSB UR AMT K3 NTE CR1 CR2 CR3 CR4 CR5 CR6 CR7 CR8
        CRC HCP QTY HSD CAS OI MIA MOA SV4 SV5 SV6 SV7 MEA LIN CTP SVD LQ FRM PS1 IMM LS LE
        """,
    )
)
_CLAIM_ENDS = ("HL", "CLM")
_MOST_DIAGNOSES = 12  # of one HI
_DENTAL_PROCEDURE = re.compile(r"D[0-9]{4}")


def read_claims(header: Header, body: Body) -> Iterator[Record]:
    return _ClaimsReader(header).read(body)


class _Section(Enum):
    """Whose segments come now, since the same names recur in each."""

    LEVEL = "the level, before any of its claims"
    CLAIM = "the claim"
    OTHER_PAYER = "what another payer knows of the claim"
    LINE = "one of its lines"


@dataclass(slots=True, repr=False)
class _Party:
    """A billing provider, subscriber, patient or payer, with what is wrong in each kind of its segments."""

    level: str = ""
    place: int = 0
    last_name: str = ""
    first_name: str = ""
    number: str = ""
    birth_date: date | None = None
    problems: dict[str, list[Problem]] = field(default_factory=dict)

    def begin(self, segment: str) -> list[Problem]:
        """Where the problems of such a segment go; those of an earlier one are void, as are its values."""
        self.problems[segment] = []
        return self.problems[segment]


class _ClaimsReader:
    def __init__(self, header: Header) -> None:
        self._header = header
        self._kind = KINDS.get(header.guide)
        self._submitted_on: date | None = None
        self._billing = _Party()
        self._subscriber = _Party()
        self._patient: _Party | None = None  # when it is not the subscriber
        self._payer = _Party()
        self._responsibility = ""
        self._plan_group = ""
        self._section = _Section.LEVEL
        self._claim: ClaimRecord | None = None
        self._dates: dict[str, tuple[date, date]] = {}
        self._diagnoses: list[str] = []
        self._open_line = 0  # the place of an LX that still waits for its service
        self._doubt: Problem | None = None  # about who the claims that follow belong to
        self._is_doubt_lasting = False
        self._finished: list[Record] = []
        self._level_readers: dict[str, Callable[[int, list[str]], None]] = {
            "BHT": self._read_heading,
            "HL": self._read_level,
            "SBR": self._read_subscription,
            "NM1": self._read_party,
            "DMG": self._read_demographics,
            "CLM": self._read_claim,
        }
        self._claim_readers: dict[str, Callable[[ClaimRecord, Elements], None]] = {
            "SBR": self._read_other_payer,
            "NM1": self._read_provider,
            "DTP": self._read_date,
            "REF": self._read_reference,
            "HI": self._read_diagnoses,
            "LX": self._read_line_number,
            "SV1": self._read_professional_service,
            "SV2": self._read_institutional_service,
            "SV3": self._read_dental_service,
            "TOO": self._read_tooth,
        }

    def read(self, body: Body) -> Iterator[Record]:
        component, finished = self._header.component, self._finished
        for place, texts in body:
            claim, name = self._claim, texts[0]
            if claim is not None and name in self._claim_readers:
                self._claim_readers[name](claim, Elements(place, texts, component, claim.problems))
                refuse_endless(place, claim.place)
            elif name in self._level_readers and (claim is None or name in _CLAIM_ENDS):
                self._level_readers[name](place, texts)
            elif name not in _LEFT_UNREAD:
                self._meet_unexpected(place, texts)
            if finished:
                yield from finished
                finished.clear()
        if self._claim is not None and body.is_cut_off:
            self._tell("CLM", "is the last before the file ends too early; it may lack something")
        self._finish_claim()
        yield from finished

    # The levels -------------------------------------------------------------------------------------

    def _read_heading(self, place: int, texts: list[str]) -> None:
        problems: list[Problem] = []
        self._submitted_on = self._elements(place, texts, problems, Severity.WARNING).day(4)
        self._finished.extend(problems)

    def _read_level(self, place: int, texts: list[str]) -> None:
        self._finish_claim()
        self._section = _Section.LEVEL
        elements = self._elements(place, texts, [])
        level, parent, rank = elements.text(1), elements.text(2), elements.text(3)
        above = {"22": self._billing.level, "23": self._subscriber.level}.get(rank, "")
        self._settle_doubt(rank, is_named=parent == above)
        if rank == "23":
            self._patient = _Party(level, place)
        else:
            self._subscriber, self._payer, self._patient = _Party(level, place), _Party(), None
            self._responsibility = self._plan_group = ""
        if rank == "20":
            self._billing = _Party(level, place)
        if parent != above:
            reason = "does not name the level above; it is taken to belong to the one before it"
            self._finished.append(Problem(place, "HL02", reason, Severity.WARNING))

    def _settle_doubt(self, rank: str, *, is_named: bool) -> None:
        """Drop the doubt unless the damaged segment may have been the heading of a level above this one."""
        if self._doubt is None:
            return
        is_since_subscriber = rank != "23" or self._doubt.place > self._subscriber.place
        if rank == "20" or not self._is_doubt_lasting or (is_named and is_since_subscriber):
            self._doubt = None

    def _read_subscription(self, place: int, texts: list[str]) -> None:
        elements = self._elements(place, texts, self._subscriber.begin("SBR"), Severity.WARNING)
        self._responsibility = elements.code(1)
        self._plan_group = elements.identifier(3) or elements.identifier(4)

    def _read_party(self, place: int, texts: list[str]) -> None:
        elements = self._elements(place, texts, [])
        role = elements.text(1)
        if role == "QC" and self._patient is None:
            self._patient = _Party()
        roles = {"85": self._billing, "IL": self._subscriber, "QC": self._patient, "PR": self._payer}
        party = roles.get(role)
        if party is None:
            return
        elements.problems = party.begin("NM1")
        if role == "85":
            party.number = elements.npi(9) if elements.text(8) == "XX" else ""
            return
        party.last_name, party.first_name = elements.name(3), elements.name(4)
        party.number = elements.identifier(9)

    def _read_demographics(self, place: int, texts: list[str]) -> None:
        party = self._patient or self._subscriber
        party.birth_date = self._elements(place, texts, party.begin("DMG")).day(2)

    # The claim --------------------------------------------------------------------------------------

    def _read_claim(self, place: int, texts: list[str]) -> None:
        self._finish_claim()
        self._section = _Section.CLAIM
        parties = (self._billing, self._subscriber, self._payer, self._patient or _Party())
        problems = [each for party in parties for found in party.problems.values() for each in found]
        if self._doubt is not None:
            problems.append(self._doubt)
        elements = self._elements(place, texts, problems)
        setting = elements.codes(5, most=3)
        claim = self._claim = ClaimRecord(
            place=place,
            kind=self._kind or Kind.PROFESSIONAL,
            control_number=elements.identifier(1),
            sender=self._header.sender,
            group_number=self._header.group_number,
            transaction_number=self._header.number,
            payer=self._payer.last_name,
            payer_id=self._payer.number,
            responsibility=self._responsibility,
            patient=self._person(),
            billing_npi=self._billing.number,
            place_of_service=setting[0],
            submitted_at=self._submitted_on,
            charge=elements.charge(2),
            problems=problems,
        )
        if not elements.text(1):
            elements.tell(1, "is missing: a claim needs its control number")
        if not elements.text(5):
            elements.tell(
                5, "is missing: it says where the service was given and whether the claim is a rebill"
            )
        elif len(setting) == 3 and setting[2]:
            claim.frequency = setting[2]
        else:
            elements.tell(5, "gives no frequency; taken as an original claim", Severity.WARNING)

    def _person(self) -> PatientRecord:
        person = self._patient or self._subscriber
        return PatientRecord(
            last_name=person.last_name,
            first_name=person.first_name,
            birth_date=person.birth_date,
            member_id=person.number or self._subscriber.number,
        )

    def _read_other_payer(self, claim: ClaimRecord, elements: Elements) -> None:
        self._section = _Section.OTHER_PAYER

    def _read_provider(self, claim: ClaimRecord, elements: Elements) -> None:
        if elements.text(1) != "82" or elements.text(8) != "XX":
            return
        if self._section is _Section.CLAIM:
            claim.rendering_npi = elements.npi(9)
        elif self._section is _Section.LINE and claim.lines:
            claim.lines[-1].rendering_npi = elements.npi(9)

    def _read_date(self, claim: ClaimRecord, elements: Elements) -> None:
        meaning = elements.text(1)
        if self._section is _Section.CLAIM and meaning in ("472", "434", "435"):
            found = elements.period(2, 3)
            if found is not None:
                self._dates[meaning] = found
        elif self._section is _Section.LINE and meaning == "472" and claim.lines:
            found = elements.period(2, 3)
            if found is not None:
                claim.lines[-1].service_date = found[0]
                first, last = self._dates.get("lines", found)
                self._dates["lines"] = (min(first, found[0]), max(last, found[1]))

    def _read_reference(self, claim: ClaimRecord, elements: Elements) -> None:
        meaning = elements.text(1)
        if self._section is _Section.CLAIM and meaning == "F8":
            claim.original_number = elements.identifier(2)
        elif self._section is _Section.CLAIM and meaning == "G1":
            claim.authorization = elements.identifier(2)
        elif self._section is _Section.LINE and meaning == "6R" and claim.lines:
            claim.lines[-1].reference = elements.identifier(2)

    def _read_diagnoses(self, claim: ClaimRecord, elements: Elements) -> None:
        if self._section is not _Section.CLAIM:
            return
        incomplete = []
        for index in range(1, min(len(elements.texts), _MOST_DIAGNOSES + 1)):
            parts = elements.codes(index, most=2)
            if parts[0] and not any(parts[1:]):
                incomplete.append(index)
            elif parts[0] in DIAGNOSIS_QUALIFIERS:
                self._diagnoses.append(parts[1])
        if incomplete:
            reason = "holds a qualifier or a code alone, and maybe others after it; both belong together"
            elements.tell(incomplete[0], reason, Severity.WARNING)

    # Its lines --------------------------------------------------------------------------------------

    def _read_line_number(self, claim: ClaimRecord, elements: Elements) -> None:
        self._require_service(claim)
        self._section, self._open_line = _Section.LINE, elements.place

    def _read_professional_service(self, claim: ClaimRecord, elements: Elements) -> None:
        line = self._add_line(claim, elements, Kind.PROFESSIONAL)
        self._read_procedure(line, elements, 1)
        line.charge, line.units = elements.charge(2), elements.quantity(4)

    def _read_institutional_service(self, claim: ClaimRecord, elements: Elements) -> None:
        line = self._add_line(claim, elements, Kind.INSTITUTIONAL)
        line.revenue_code = elements.code(1)
        if elements.text(2):
            self._read_procedure(line, elements, 2)
        line.charge, line.units = elements.charge(3), elements.quantity(5)

    def _read_dental_service(self, claim: ClaimRecord, elements: Elements) -> None:
        line = self._add_line(claim, elements, Kind.DENTAL)
        self._read_procedure(line, elements, 1)
        if line.procedure and not _DENTAL_PROCEDURE.fullmatch(line.procedure):
            elements.tell(1, "must be a dental procedure: D and 4 digits")
        line.charge, line.units = elements.charge(2), elements.quantity(6)
        line.quadrant = elements.codes(4, most=1)[0]

    def _add_line(self, claim: ClaimRecord, elements: Elements, kind: Kind) -> LineRecord:
        if not self._open_line:
            elements.tell(0, "has no LX of its own before it", Severity.WARNING)
        self._section, self._open_line = _Section.LINE, 0
        if self._kind is None:  # the envelope does not say it
            claim.kind = kind
        line = LineRecord(
            place=elements.place,
            number=len(claim.lines) + 1,
            plan_group=self._plan_group,
            subscriber=self._subscriber.number,
        )
        claim.lines.append(line)
        return line

    def _read_procedure(self, line: LineRecord, elements: Elements, index: int) -> None:
        """Qualifier, procedure and up to four modifiers; the description that may follow is left out."""
        parts = elements.codes(index, most=6)
        if len(parts) < 2 or not parts[1]:
            elements.tell(index, "must hold a qualifier and a procedure, such as HC:99213")
            return
        line.procedure, line.modifiers = parts[1], tuple(filter(None, parts[2:]))

    def _read_tooth(self, claim: ClaimRecord, elements: Elements) -> None:
        if self._section is _Section.LINE and claim.lines:
            teeth = f"{claim.lines[-1].tooth} {elements.code(2)}".strip()
            if len(teeth) > IDENTIFIER_LENGTH:
                elements.tell(2, "names too many teeth for one line")
            else:
                claim.lines[-1].tooth = teeth

    # The end of a claim -----------------------------------------------------------------------------

    def _finish_claim(self) -> None:
        claim = self._claim
        if claim is None:
            return
        self._require_service(claim)
        if not claim.lines:
            self._tell("LX", "is missing: the claim has no lines")
        if not (claim.patient.last_name or claim.patient.member_id):
            self._tell("NM1", "is missing before the claim: its patient (NM1*IL or NM1*QC)")
        if not claim.billing_npi:
            self._tell("NM1", "gives no NPI of the billing provider (NM1*85)", Severity.WARNING)
        if claim.frequency in REBILLS and not claim.original_number:
            reason = "is missing: a rebill should name the payer's number of the original claim (REF*F8)"
            self._tell("REF", reason, Severity.WARNING)
        claim.diagnoses = tuple(self._diagnoses)
        self._settle_dates(claim)
        self._compare_charges(claim)
        for line in claim.lines:
            line.rendering_npi = line.rendering_npi or claim.rendering_npi or claim.billing_npi
            line.service_date = line.service_date or claim.service_date
        self._finished.append(claim)
        self._claim, self._dates, self._diagnoses = None, {}, []

    def _settle_dates(self, claim: ClaimRecord) -> None:
        for source in ("472", "434", "lines", "435"):
            if source in self._dates:
                claim.service_date, claim.service_end = self._dates[source]
                return
        self._tell("DTP", "is missing: the claim has no date of service", Severity.WARNING)

    def _compare_charges(self, claim: ClaimRecord) -> None:
        charges = [line.charge for line in claim.lines if line.charge is not None]
        if claim.charge is not None and len(charges) == len(claim.lines) and claim.charge != sum(charges):
            difference = dollars(claim.charge - sum(charges))
            self._tell("CLM02", f"differs by {difference} from the sum of the lines", Severity.WARNING)

    def _require_service(self, claim: ClaimRecord) -> None:
        if self._open_line:
            claim.problems.append(Problem(self._open_line, "LX", "has no service (SV1, SV2 or SV3) after it"))
        self._open_line = 0

    def _meet_unexpected(self, place: int, texts: list[str]) -> None:
        name, claim = texts[0], self._claim
        if claim is None and name in self._claim_readers:
            if name in ("LX", "SV1", "SV2", "SV3"):
                self._finished.append(Problem(place, name, "belongs to no claim and is skipped"))
            return
        # The name is not told: after a stray separator it may be part of a patient's.
        reason = texts[1] if name == DAMAGED else "is a segment that has no place among claims"
        if claim is None:
            self._finished.append(Problem(place, "", reason, Severity.WARNING))
        else:
            refuse_endless(place, claim.place)
            claim.problems.append(Problem(place, "", reason))
        doubt = "is a segment that may have named the provider or patient of the claim that follows"
        self._doubt, self._is_doubt_lasting = Problem(place, "", doubt), claim is not None

    def _elements(
        self, place: int, texts: list[str], problems: list[Problem], severity: Severity = Severity.ERROR
    ) -> Elements:
        return Elements(place, texts, self._header.component, problems, severity)

    def _tell(self, name: str, reason: str, severity: Severity = Severity.ERROR) -> None:
        if self._claim is not None:
            self._claim.problems.append(Problem(self._claim.place, name, reason, severity))
