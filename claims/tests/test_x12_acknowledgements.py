from datetime import date

from claims.imports.records import AcknowledgementRecord

from .x12_samples import of_kind, problems_of, read, sample, told


def acknowledgements(text: str) -> list[AcknowledgementRecord]:
    return of_kind(read(text), AcknowledgementRecord)


def test_a_277ca_tells_of_the_batch_and_of_each_claim():
    batch, accepted, rejected = acknowledgements(sample("claim_acknowledgement_277"))
    assert (batch.control_number, batch.is_about_claim, batch.accepted) == ("B101", False, True)
    assert (accepted.control_number, accepted.is_about_claim, accepted.accepted) == ("A-1001", True, True)
    assert (accepted.codes, accepted.charge, accepted.said_on) == (("A2:20:PR",), 25000, date(2026, 3, 5))
    assert accepted.payer_claim_number == "ICN777"
    assert (rejected.control_number, rejected.accepted) == ("A-1003", False)
    assert rejected.codes == ("A7:562:85", "A3:21", "A2:20")


def test_one_rejecting_status_rejects_a_claim_whatever_follows():
    text = sample("claim_acknowledgement_277").replace(
        "STC*A2:20:PR*", "STC*A3:33*20260305*U*250~STC*A2:20:PR*"
    )
    assert [each.accepted for each in acknowledgements(text)] == [True, False, False]


def test_a_999_tells_of_each_transaction_with_its_errors():
    accepted, rejected = acknowledgements(sample("acknowledgement_999"))
    assert (accepted.group_number, accepted.control_number, accepted.accepted) == ("101", "0001", True)
    assert accepted.codes == ()
    assert (rejected.control_number, rejected.accepted, rejected.is_about_claim) == ("0002", False, False)
    assert rejected.codes == ("IK3:8", "IK4:1", "IK3:3", "IK5:5", "IK5:I5")


def test_a_997_is_read_alike():
    text = sample("acknowledgement_999").replace("ST*999", "ST*997").replace("IK", "AK")
    rejected = acknowledgements(text)[1]
    assert (rejected.accepted, rejected.codes) == (False, ("AK3:8", "AK4:1", "AK3:3", "AK5:5", "AK5:I5"))


def test_a_999_without_transactions_tells_of_the_group():
    text = "ST*999*1*005010X231A1~AK1*HC*77*005010X222A1~AK9*R*1*1*0*1~SE*4*1~"
    (group,) = acknowledgements(text)
    assert (group.group_number, group.control_number, group.accepted, group.codes) == (
        "77",
        "",
        False,
        ("AK9:1",),
    )


def test_a_transaction_without_a_verdict_is_not_accepted():
    text = sample("acknowledgement_999").replace("IK5*A~\n", "")
    assert [each.accepted for each in acknowledgements(text)] == [False, False]


def test_what_cannot_be_read_is_told():
    claims = read(sample("claim_acknowledgement_277").replace("REF*1K*ICN777", "R#F*1K*ICN777"))
    assert told(claims) == [(19, "")]
    transactions = read(sample("acknowledgement_999").replace("IK3*NM1", "I#3*NM1"))
    assert told(transactions) == [(8, "")]
    assert problems_of(read(sample("acknowledgement_999"))) == []
