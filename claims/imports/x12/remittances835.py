"""Payments of an 835: the remittance, each claim's decision, and what the payer takes or gives besides.

An 835 must balance three times: each line, each claim, and the whole. What does not is told, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..records import (
    AdjustmentRecord,
    ClaimPaymentRecord,
    Problem,
    ProviderAdjustmentRecord,
    Record,
    RemittanceClosing,
    RemittanceRecord,
    ServicePaymentRecord,
    Severity,
)
from ..validation import identifier
from .elements import Elements, code, dollars
from .segments import DAMAGED
from .transactions import Body, Header, refuse_endless

ADJUSTMENT_GROUPS = ("CO", "PR", "OA", "PI", "CR")
CLAIM_STATUSES = (
    "1",
    "2",
    "3",
    "4",
    "5",
    "10",
    "13",
    "15",
    "16",
    "17",
    "19",
    "20",
    "21",
    "22",
    "23",
    "25",
    "27",
)

_LEFT_UNREAD = frozenset(
    ("NTE", "CUR", "N2", "N3", "N4", "PER", "RDM", "LX", "TS3", "TS2", "QTY", "K3", "DTP")
)
_CLAIM_START, _PROVIDER_ADJUSTMENTS = "CLP", "PLB"
_ADJUSTMENTS_OF_A_SEGMENT = range(2, 20, 3)
_PROVIDER_ADJUSTMENTS_OF_A_SEGMENT = range(3, 15, 2)
_REMARKS_OF_OUTPATIENTS = range(3, 8)  # MOA03 to MOA07
_REMARKS_OF_INPATIENTS = (5, 20, 21, 22, 23)  # of MIA


def read_remittance(header: Header, body: Body) -> Iterator[Record]:
    return _RemittanceReader(header).read(body)


class _RemittanceReader:
    def __init__(self, header: Header) -> None:
        self._header = header
        self._remittance = RemittanceRecord(place=header.place)
        self._closing = RemittanceClosing(place=header.place, claims=0, claims_paid=0, amount=0)
        self._has_payment = False
        self._is_told = False  # whether the remittance has been handed on
        self._claim: ClaimPaymentRecord | None = None
        self._service: ServicePaymentRecord | None = None
        self._remarks: list[str] = []  # of the service, or of the claim before its first
        self._unit_place = header.place
        self._heading_readers: dict[str, Callable[[Elements], None]] = {
            "BPR": self._read_payment,
            "TRN": self._read_trace,
            "N1": self._read_party,
        }
        self._claim_readers: dict[str, Callable[[ClaimPaymentRecord, Elements], None]] = {
            "CAS": self._read_adjustments,
            "NM1": self._read_person,
            "MOA": self._read_outpatient_remarks,
            "MIA": self._read_inpatient_remarks,
            "SVC": self._read_service,
            "DTM": self._read_date,
            "REF": self._read_reference,
            "AMT": self._read_amount,
            "LQ": self._read_remark,
        }

    def read(self, body: Body) -> Iterator[Record]:
        component = self._header.component
        last_place = self._header.place
        for place, texts in body:
            last_place, claim, name = place, self._claim, texts[0]
            if claim is not None and name in self._claim_readers:
                self._claim_readers[name](claim, Elements(place, texts, component, claim.problems))
            elif name == _CLAIM_START:
                yield from self._finish_claim()
                yield from self._tell_remittance()
                self._begin_claim(Elements(place, texts, component, []))
            elif name == _PROVIDER_ADJUSTMENTS:
                yield from self._finish_claim()
                yield from self._tell_remittance()
                self._read_provider_adjustments(Elements(place, texts, component, self._closing.problems))
            elif not self._is_told and name in self._heading_readers:
                self._heading_readers[name](Elements(place, texts, component, self._remittance.problems))
            elif name not in _LEFT_UNREAD:
                self._meet_unexpected(place, texts)
            refuse_endless(place, self._unit_place)
        if body.is_cut_off:
            self._tell_cut_off(last_place)
        yield from self._finish_claim()
        yield from self._tell_remittance()
        yield self._close(last_place if body.end is None else body.end[0])

    # The heading ------------------------------------------------------------------------------------

    def _read_payment(self, elements: Elements) -> None:
        remittance = self._remittance
        remittance.amount = elements.amount(2) or 0
        remittance.is_debit = elements.text(3) == "D"
        if elements.text(3) not in ("C", "D"):
            elements.tell(3, "must be C, a credit, or D, a debit; taken as a credit", Severity.WARNING)
        remittance.method = elements.code(4)
        elements.severity = Severity.WARNING
        remittance.paid_on = elements.day(16)
        if not elements.text(16):
            elements.tell(16, "is missing: the day of the payment")
        self._has_payment = True

    def _read_trace(self, elements: Elements) -> None:
        self._remittance.trace_number = elements.identifier(2)

    def _read_party(self, elements: Elements) -> None:
        elements.severity = Severity.WARNING
        role = elements.text(1)
        if role == "PR":
            self._remittance.payer, self._remittance.payer_id = elements.name(2), elements.identifier(4)
        elif role == "PE":
            self._remittance.payee = elements.name(2)
            self._remittance.payee_npi = elements.npi(4) if elements.text(3) == "XX" else ""

    def _tell_remittance(self) -> Iterator[Record]:
        if self._is_told:
            return
        self._is_told = True
        remittance = self._remittance
        if not self._has_payment:
            remittance.problems.append(Problem(remittance.place, "BPR", "is missing: the payment itself"))
        if not remittance.trace_number:
            reason = "is missing: the number of the check or transfer"
            remittance.problems.append(Problem(remittance.place, "TRN02", reason, Severity.WARNING))
        yield remittance

    # The claims -------------------------------------------------------------------------------------

    def _begin_claim(self, elements: Elements) -> None:
        self._unit_place = elements.place
        self._claim = ClaimPaymentRecord(
            place=elements.place,
            control_number=elements.identifier(1),
            status=elements.code(2),
            charge=elements.amount(3) or 0,
            paid=elements.amount(4) or 0,
            patient_share=elements.amount(5, is_required=False) or 0,
            payer_claim_number=elements.identifier(7),
            problems=elements.problems,
        )
        if not elements.text(1):
            elements.tell(1, "is missing: the number of the claim that is decided")
        if not elements.text(2):
            elements.tell(2, "is missing: how the claim was decided")
        elif self._claim.status not in CLAIM_STATUSES:
            elements.tell(2, "is not a known status of a claim", Severity.WARNING)

    def _read_adjustments(self, claim: ClaimPaymentRecord, elements: Elements) -> None:
        target = claim.adjustments if self._service is None else self._service.adjustments
        group = elements.code(1)
        if group not in ADJUSTMENT_GROUPS:
            elements.tell(1, "is not a known group of adjustments", Severity.WARNING)
        for index in _ADJUSTMENTS_OF_A_SEGMENT:
            if not any(elements.texts[index : index + 3]):
                continue
            reason, amount, quantity = (
                elements.code(index),
                elements.amount(index + 1),
                elements.quantity(index + 2),
            )
            target.append(AdjustmentRecord(elements.place, group, reason, amount or 0, quantity))

    def _read_person(self, claim: ClaimPaymentRecord, elements: Elements) -> None:
        """The patient as billed; the insured and the payer's corrections fill in only what is missing."""
        role, patient = elements.text(1), claim.patient
        if self._service is not None or role not in ("QC", "IL", "74"):
            return
        elements.severity = Severity.WARNING
        if role == "QC":
            patient.last_name, patient.first_name = elements.name(3), elements.name(4)
        patient.member_id = patient.member_id or elements.identifier(9)

    def _read_outpatient_remarks(self, claim: ClaimPaymentRecord, elements: Elements) -> None:
        self._add_remarks(elements, _REMARKS_OF_OUTPATIENTS)

    def _read_inpatient_remarks(self, claim: ClaimPaymentRecord, elements: Elements) -> None:
        self._add_remarks(elements, _REMARKS_OF_INPATIENTS)

    def _add_remarks(self, elements: Elements, indexes: Iterable[int]) -> None:
        self._remarks.extend(filter(None, map(elements.code, indexes)))

    def _settle_remarks(self, claim: ClaimPaymentRecord) -> None:
        target = claim if self._service is None else self._service
        target.remarks, self._remarks = tuple(self._remarks), []

    def _read_service(self, claim: ClaimPaymentRecord, elements: Elements) -> None:
        self._settle_remarks(claim)
        elements.severity = Severity.WARNING  # the claim's own amounts are what is posted
        paid_as, billed_as = elements.codes(1, most=6), elements.codes(6, most=2)
        is_revenue = paid_as[0] == "NU"
        paid_code = paid_as[1] if len(paid_as) > 1 else ""
        self._service = ServicePaymentRecord(
            place=elements.place,
            procedure="" if is_revenue else paid_code,
            modifiers=tuple(filter(None, paid_as[2:])),
            revenue_code=paid_code if is_revenue else elements.code(4),
            submitted_procedure=billed_as[1] if len(billed_as) > 1 else "",
            charge=elements.amount(2) or 0,
            paid=elements.amount(3) or 0,
            units=elements.quantity(5),
        )
        claim.services.append(self._service)

    def _read_date(self, claim: ClaimPaymentRecord, elements: Elements) -> None:
        elements.severity = Severity.WARNING
        meaning = elements.text(1)
        if self._service is None and meaning == "232":
            claim.service_date = elements.day(2)
        elif self._service is not None and meaning in ("472", "150"):
            self._service.service_date = elements.day(2)

    def _read_reference(self, claim: ClaimPaymentRecord, elements: Elements) -> None:
        if self._service is not None and elements.text(1) == "6R":
            self._service.reference = elements.identifier(2)

    def _read_amount(self, claim: ClaimPaymentRecord, elements: Elements) -> None:
        meaning = elements.text(1)
        elements.severity = Severity.WARNING
        if self._service is None and meaning == "AU":
            claim.allowed = elements.amount(2)
        elif self._service is not None and meaning == "B6":
            self._service.allowed = elements.amount(2)

    def _read_remark(self, claim: ClaimPaymentRecord, elements: Elements) -> None:
        if elements.text(1) == "HE":
            self._add_remarks(elements, (2,))

    def _finish_claim(self) -> Iterator[Record]:
        claim = self._claim
        if claim is None:
            return
        self._settle_remarks(claim)
        self._claim = self._service = None
        for service in claim.services:
            if service.imbalance:
                self._tell_imbalance(claim.problems, service.place, "SVC", "the line", service.imbalance)
        if claim.imbalance:
            self._tell_imbalance(claim.problems, claim.place, "CLP", "the claim", claim.imbalance)
        self._closing.claims += 1
        self._closing.claims_paid += claim.paid
        yield claim

    # The end ----------------------------------------------------------------------------------------

    def _read_provider_adjustments(self, elements: Elements) -> None:
        closing = self._closing
        if not closing.provider_adjustments:
            self._unit_place = elements.place
        provider = elements.identifier(1)
        for index in _PROVIDER_ADJUSTMENTS_OF_A_SEGMENT:
            if not any(elements.texts[index : index + 2]):
                continue
            reason, _, reference = elements.text(index).partition(self._header.component)
            closing.provider_adjustments.append(
                ProviderAdjustmentRecord(
                    place=elements.place,
                    provider=provider,
                    reason=elements.read(code, reason, index),
                    reference=elements.read(identifier, reference, index),
                    amount=elements.amount(index + 1) or 0,
                )
            )

    def _close(self, place: int) -> RemittanceClosing:
        closing, remittance = self._closing, self._remittance
        closing.place = place
        closing.amount = -remittance.amount if remittance.is_debit else remittance.amount
        if closing.imbalance:
            self._tell_imbalance(
                closing.problems, remittance.place, "BPR02", "the remittance", closing.imbalance
            )
        return closing

    def _tell_imbalance(
        self, problems: list[Problem], place: int, name: str, what: str, imbalance: int
    ) -> None:
        reason = f"{what} does not balance: {dollars(imbalance)} is left over"
        problems.append(Problem(place, name, reason, Severity.WARNING))

    def _tell_cut_off(self, place: int) -> None:
        reason = "the file ends before the remittance does; something may be lacking"
        self._closing.problems.append(Problem(place, "SE", reason))
        if self._claim is not None:
            self._claim.problems.append(Problem(self._claim.place, "CLP", reason))

    def _meet_unexpected(self, place: int, texts: list[str]) -> None:
        name = texts[0]
        if self._claim is None and (name in self._claim_readers or name in self._heading_readers):
            return
        # The name is not told: after a stray separator it may be part of a patient's.
        reason = texts[1] if name == DAMAGED else "is a segment that has no place in a remittance"
        if self._claim is not None:  # it may have been the next CLP, and what follows it another claim's
            self._claim.problems.append(Problem(place, "", reason))
        elif self._is_told:
            self._closing.problems.append(Problem(place, "", reason, Severity.WARNING))
        else:
            self._remittance.problems.append(Problem(place, "", reason, Severity.WARNING))
