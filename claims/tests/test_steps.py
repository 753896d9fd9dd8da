"""The steps that people take on a claim: each is an event, and what it says of the claim is true."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import tokens
from accounts.models import Department, User
from claims import changes, steps
from claims.business_days import plus_business_days
from claims.changes import Change, ClaimError
from claims.downstream import outbox
from claims.models import Claim, ClaimLine, OpenWork, OutboxMessage, Worklist
from claims.steps import Step
from claims.worklists import open_work, pending, standings
from claims.worklists.pulling import next_claim
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def biller(sign_in: Any, heart: Department) -> User:
    return sign_in("biller", departments=[heart])


@pytest.fixture
def denied(heart: Department) -> Claim:
    return make_claim(
        fees=["80.00", "20.00"],
        department=heart,
        payer=make_payer("Acme"),
        payer_claim_number="ACME-9",
        diagnoses="K02.9",
        status="denied",
        decided_on=TODAY - timedelta(days=3),
        first_decision="denied",
        first_decided_on=TODAY - timedelta(days=3),
        denial_category="coding",
    )


@pytest.mark.parametrize(
    ("fields", "step"),
    [
        ({"status": "denied", "denial_category": "coding"}, Step.REBILL),
        ({"status": "denied", "denial_category": "documentation"}, Step.DOCUMENTS),
        ({"status": "denied", "denial_category": "medical_necessity"}, Step.APPEAL),
        ({"status": "denied", "denial_category": ""}, Step.CALL),
        ({"status": "appealed"}, Step.CALL),
        ({"status": "submitted"}, Step.CALL),
        ({"status": "submitted", "at_intake": "rejected"}, Step.REBILL),
        ({"status": "paid", "patient_share": Decimal(5)}, Step.BILL_PATIENT),
        ({"status": "paid"}, None),
        ({"status": "void"}, None),
    ],
)
def test_what_helps_first_depends_on_how_the_claim_stands(fields: dict[str, Any], step: Step | None) -> None:
    told = steps.advice(make_claim(charge=Decimal(90), **fields))
    assert (told.step if told else None) == step


def test_every_reason_for_a_denial_has_its_advice() -> None:
    assert {*steps.OF_DENIAL} == {each for each in Claim.Category.values if each}


def test_a_call_is_written_down_with_its_reference_and_the_claim_rests(
    client: Client, biller: User, denied: Claim
) -> None:
    open_work.settle()
    said = {"came_of": "in_process", "reference": "R-77", "again_in": "3", "note": "Ask for Ms Lee"}
    page = client.post(f"/claims/{denied.pk}/steps/call/", said)
    assert page.status_code == 302
    called = denied.events.get(action="called the payer")
    assert (called.actor, called.note) == (biller, "Still in process. Reference R-77. Ask for Ms Lee")
    assert OpenWork.objects.get(pk=denied.pk).pended_until == plus_business_days(TODAY, 3)


def test_a_step_that_is_filled_in_wrongly_says_so_and_keeps_what_was_typed(
    client: Client, biller: User, denied: Claim
) -> None:
    page = client.post(f"/claims/{denied.pk}/steps/payment/", {"amount": "100.01", "paid_on": str(TODAY)})
    assert page.status_code == 422
    assert "The payment is more than the balance of $100.00." in page.content.decode()
    assert 'value="100.01"' in page.content.decode()
    tomorrow = str(TODAY + timedelta(days=1))
    page = client.post(f"/claims/{denied.pk}/steps/payment/", {"amount": "10", "paid_on": tomorrow})
    assert "still to come" in page.content.decode()
    assert not denied.payments.exists()


def test_a_payment_is_posted_from_the_page(client: Client, biller: User, denied: Claim) -> None:
    client.post(f"/claims/{denied.pk}/steps/payment/", {"amount": "60", "paid_on": str(TODAY)})
    denied.refresh_from_db()
    assert (denied.status, denied.paid, denied.balance) == ("paid", Decimal(60), Decimal(40))
    assert "Payment posted: $60.00" in client.get(f"/claims/{denied.pk}/").content.decode()


def test_closed_work_leaves_the_lists_until_something_about_the_claim_changes(
    client: Client, biller: User, denied: Claim
) -> None:
    open_work.settle()
    worklist = Worklist.objects.create(name="Denials", filters={"status": "denied"})
    client.post(f"/claims/{denied.pk}/steps/close/", {"why": "accepted", "note": "Not worth it"})
    assert denied.events.get(action="closed").note == "The payer’s answer is accepted. Not worth it"
    assert "Closed until something changes" in client.get(f"/claims/{denied.pk}/").content.decode()
    assert "a change of it" in client.get(f"/worklists/{worklist.pk}/").content.decode()
    open_work.refresh(TODAY + timedelta(days=1))  # its urgency is another each day, and that changes nothing
    standing = standings.standing(worklist, biller)
    assert (standing.claims, standing.free, standing.at_rest) == (0, 0, 1)
    assert next_claim(user=biller, worklist=worklist) is None
    changes.post_payment(claim=denied, amount=Decimal(1), paid_on=TODAY, change=Change(biller))
    changes.change_status(claim=denied, to="denied", change=Change(biller))
    open_work.settle()
    assert next_claim(user=biller, worklist=worklist) == denied


def test_closed_work_can_be_taken_up_again_or_put_aside_instead(biller: User, denied: Claim) -> None:
    change = Change(biller)
    pending.close(claim=denied, why="hopeless", change=change)
    pending.pend(claim=denied, days=2, why="payer", change=change)
    assert not denied.work.is_closed
    pending.close(claim=denied, why="hopeless", change=change)
    pending.bring_back(claim=denied, change=change)
    work = OpenWork.objects.get(pk=denied.pk)
    assert (work.is_closed, work.closed_why, work.pended_until) == (False, "", None)
    with pytest.raises(ClaimError, match="does not rest"):
        pending.bring_back(claim=denied, change=change)
    with pytest.raises(ClaimError, match="Nobody has to work this claim"):
        pending.close(claim=make_claim(charge=9, status="written_off"), why="other", change=change)


def test_a_patient_is_billed_only_for_what_the_payer_left_to_them(biller: User, denied: Claim) -> None:
    with pytest.raises(ClaimError, match="leaves nothing to the patient"):
        steps.bill_patient(claim=denied, change=Change(biller))
    Claim.objects.filter(pk=denied.pk).update(patient_share=Decimal("12.50"))
    steps.bill_patient(claim=denied, change=Change(biller))
    assert denied.events.latest("pk").action == "patient billed $12.50"


def test_a_corrected_claim_takes_the_place_of_the_first(client: Client, biller: User, denied: Claim) -> None:
    outbox.tell(denied, OutboxMessage.Reason.ACCEPTED)
    form = {
        "diagnoses": "K02.51",
        "authorization": "",
        "note": "Wrong code",
        **{f"line-1-{name}": value for name, value in corrected("D2391", "80.00").items()},
        **{f"line-2-{name}": value for name, value in corrected("D1110", "25.00").items()},
    }
    page = client.post(f"/claims/{denied.pk}/rebill/", form)
    assert page.status_code == 302
    new = Claim.objects.get(original=denied)
    assert (new.frequency, new.original_number, new.diagnoses) == ("7", "ACME-9", "K02.51")
    assert (new.status, new.charge, new.payer, new.department) == (
        "submitted",
        Decimal(105),
        denied.payer,
        denied.department,
    )
    assert [*new.lines.order_by("number").values_list("procedure", flat=True)] == ["D2391", "D1110"]
    denied.refresh_from_db()
    assert denied.status == "void"
    assert denied.events.latest("pk").action == "replaced by a rebill"
    told = OutboxMessage.objects.order_by("pk").values_list("claim", "reason")
    assert [*told] == [(denied.pk, "accepted"), (new.pk, "accepted"), (denied.pk, "voided")]


def test_a_line_is_not_billed_again_without_its_charge_or_under_no_code(
    client: Client, biller: User, denied: Claim
) -> None:
    kept = {f"line-2-{name}": value for name, value in corrected("D1110", "25.00").items()}
    for procedure, charge, wrong in (
        ("D2391", "", "This field is required."),
        ("D2391", "-1", "greater than or equal to 0"),
        ("", "80.00", "This field is required."),
        ("<b>", "80.00", "must be a"),
    ):
        form = {f"line-1-{name}": value for name, value in corrected(procedure, charge).items()}
        page = client.post(f"/claims/{denied.pk}/rebill/", form | kept)
        assert page.status_code == 422
        assert wrong in page.content.decode()
    assert not denied.rebills.exists()


def corrected(procedure: str, charge: str) -> dict[str, str]:
    return {"procedure": procedure, "modifiers": "", "units": "1", "charge": charge}


def same(claim: Claim) -> list[dict[str, object]]:
    return [{name: getattr(line, name) for name in steps.CORRECTED_OF_LINE} for line in claim.lines.all()]


def rebill(claim: Claim, who: User, **wanted: Any) -> Claim:
    said = {"diagnoses": claim.diagnoses, "authorization": "", "lines": same(claim)} | wanted
    return steps.rebill(claim=claim, change=Change(who), **said)


def test_the_same_again_would_be_a_duplicate_unless_it_never_arrived(biller: User, denied: Claim) -> None:
    with pytest.raises(ClaimError, match="Nothing is corrected"):
        rebill(denied, biller)
    Claim.objects.filter(pk=denied.pk).update(status="submitted", at_intake="rejected")
    assert rebill(denied, biller).original == denied


def test_a_claim_is_billed_again_once(biller: User, denied: Claim) -> None:
    rebill(denied, biller, diagnoses="K02.51")
    with pytest.raises(ClaimError, match="void"):
        rebill(denied, biller, diagnoses="K02.52")
    assert ClaimLine.objects.filter(claim__original=denied).count() == 2


def test_a_claim_that_was_paid_or_given_up_is_not_billed_again_from_here(
    biller: User, heart: Department
) -> None:
    for status in ("paid", "written_off"):
        with pytest.raises(ClaimError, match="not billed again"):
            rebill(make_claim(charge=Decimal(5), department=heart, status=status), biller, diagnoses="X")


def test_leads_decide_about_write_offs_on_their_page(
    client: Client, biller: User, denied: Claim, sign_in: Any, heart: Department
) -> None:
    client.post(f"/claims/{denied.pk}/steps/write_off/", {"reason": "exhausted", "note": "Lost twice"})
    write_off = denied.writeoffs.get()
    assert write_off.state == "waiting"
    assert client.post(f"/write-offs/{write_off.pk}/approve/").status_code == 403
    sign_in("manager", departments=[make_department("Lungs")])
    assert client.post(f"/write-offs/{write_off.pk}/approve/").status_code == 404
    sign_in("manager", departments=[heart])
    page = client.get("/write-offs/").content.decode()
    assert "All appeals lost" in page
    assert "Lost twice" in page
    client.post(f"/write-offs/{write_off.pk}/decline/", {"note": "Ask their doctor."})
    write_off.refresh_from_db()
    assert write_off.state == "declined"
    assert "Declined" in client.get("/write-offs/").content.decode()
    assert "Ask their doctor." in client.get(f"/claims/{denied.pk}/").content.decode()


def test_a_step_on_a_claim_of_another_department_is_not_found(client: Client, biller: User) -> None:
    other = make_claim(charge=Decimal(5), department=make_department("Lungs"), status="denied")
    for path in ("steps/call/", "rebill/"):
        assert client.post(f"/claims/{other.pk}/{path}", {"came_of": "nobody"}).status_code == 404
    assert not other.events.exists()


def test_an_unknown_step_is_not_found(client: Client, biller: User, denied: Claim) -> None:
    assert client.post(f"/claims/{denied.pk}/steps/void/").status_code == 404


def test_an_analyst_is_offered_no_steps(client: Client, sign_in: Any, denied: Claim) -> None:
    sign_in("analyst")
    assert "What to do" not in client.get(f"/claims/{denied.pk}/").content.decode()


def test_the_first_step_stands_first_on_the_page(client: Client, biller: User, denied: Claim) -> None:
    offered = client.get(f"/claims/{denied.pk}/").context["steps"]["offered"]
    assert offered[0].step == Step.REBILL


# For other systems -------------------------------------------------------------------------------------


@pytest.fixture
def api(client: Client, heart: Department) -> Any:
    user = make_user("manager", departments=[heart])
    pair = tokens.issue(user=user, request=RequestFactory().post("/"))
    headers = {"Authorization": f"Bearer {pair.access}"}

    def post(claim: Claim, step: str, **body: Any) -> Any:
        path = f"/api/claims/{claim.pk}/steps/{step}"
        return client.post(path, body, content_type="application/json", headers=headers)

    return post


def test_other_systems_take_the_same_steps(api: Any, denied: Claim) -> None:
    told = api(denied, "call", came_of="will_pay", reference="R-1")
    assert told.status_code == 200, told.content
    assert told.json()["events"][0]["action"] == "called the payer"
    assert denied.events.get().note == "They will pay. Reference R-1."
    assert api(denied, "write_off", reason="other").status_code == 200
    assert denied.writeoffs.get().state == "waiting"


def test_other_systems_are_told_what_is_wrong_with_a_step(api: Any, denied: Claim) -> None:
    assert api(denied, "payment", amount="1000.00", paid_on=str(TODAY)).status_code == 409
    assert api(denied, "bill_patient").status_code == 409
    assert "came_of" in api(denied, "call", came_of="maybe").json()["error"]["fields"]
    assert "colour" in api(denied, "call", came_of="nobody", colour="red").json()["error"]["fields"]
    assert api(denied, "void").status_code == 404
    other = make_claim(charge=Decimal(5), department=make_department("Lungs"))
    assert api(other, "call", came_of="nobody").status_code == 404
    assert not denied.events.exists()
