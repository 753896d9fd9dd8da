"""Pages about appeals: filing, answering, and the list with how many were won."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from claims import appeals, changes
from claims.changes import Change
from claims.models import Appeal, Claim
from claims.pages.appeals import rates
from rcm_site.testing.makers import make_claim, make_department, make_patient, make_payer, make_user

from .remittances import post, remittance

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def change() -> Change:
    return Change(make_user("admin"))


def denied(change: Change, category: str = "authorisation", **fields: Any) -> Claim:
    given: dict[str, Any] = {"charge": Decimal(100), "payer": make_payer("Aetna", appeal_days=90)}
    claim = make_claim(**given | fields)
    on = TODAY - timedelta(days=10)
    return changes.change_status(claim=claim, to="denied", change=change, on=on, category=category)


def test_the_form_knows_the_deadline_the_reasons_and_a_first_text(client: Any, sign_in: Any) -> None:
    heart = make_department("Heart")
    patient = make_patient(departments=[heart], name="Doe, Jane", birth_date="1980-02-03")
    claim = make_claim(
        control_number="A-1",
        charge=100,
        payer=make_payer("Aetna", appeal_days=90),
        department=heart,
        patient=patient,
        authorization="AUTH-77",
        service_from=date(2026, 10, 1),
    )
    post(remittance("CLP*A-1*4*100*0*0*12*ICN1", "CAS*CO*197*100", amount="0"))
    claim.refresh_from_db()
    sign_in("biller", departments=[heart])
    page = client.get(f"/claims/{claim.pk}/appeal/").content.decode()
    assert claim.decided_on is not None
    last = claim.decided_on + timedelta(days=90)
    left = (last - TODAY).days
    assert f"{last.day} {last:%b %Y}, {left} days left" in page
    assert "CO-197" in page
    assert "uthorisation" in page
    assert "authorised under number AUTH-77" in page
    assert "The service of 1 Oct 2026" in page
    assert "born 3 Feb 1980" in page
    assert "Doe, Jane" in page
    sent = {"method": "fax", "due_on": TODAY + timedelta(days=30), "reason": "Approved <b>before</b>."}
    answer = client.post(f"/claims/{claim.pk}/appeal/", sent, follow=True)
    assert "The appeal of level 1 is filed" in answer.content.decode()
    assert "Approved &lt;b&gt;before&lt;/b&gt;." in answer.content.decode()
    assert (claim.appeals.get().method, claim.appeals.get().due_on) == ("fax", TODAY + timedelta(days=30))
    again = client.post(f"/claims/{claim.pk}/appeal/", sent, follow=True).content.decode()
    assert "Only a claim that is denied can be appealed" in again
    assert claim.appeals.count() == 1


def test_a_wrong_form_files_nothing_and_keeps_what_was_typed(
    client: Any, sign_in: Any, change: Change
) -> None:
    claim = denied(change)
    sign_in("director")
    sent = {"method": "", "due_on": TODAY, "reason": "My own words"}
    page = client.post(f"/claims/{claim.pk}/appeal/", sent).content.decode()
    assert "My own words" in page
    assert "Payers take some days" in page
    assert not Appeal.objects.exists()


def test_the_payers_answer_can_be_written_down(client: Any, sign_in: Any, change: Change) -> None:
    claims = [denied(change) for _ in range(3)]
    sign_in("director")
    told = {"upheld": "denied", "overturned": "paid", "withdrawn": "denied"}
    for claim, (outcome, status) in zip(claims, told.items(), strict=True):
        appeal = appeals.file(claim=claim, filing=appeals.Filing("mail", "Please."), change=change)
        sent = {"outcome": outcome, "decided_on": TODAY + timedelta(days=1)}
        refused = client.post(f"/appeals/{appeal.pk}/answer/", sent, follow=True).content.decode()
        assert "Between the day it was filed and today" in refused
        client.post(f"/appeals/{appeal.pk}/answer/", sent | {"decided_on": TODAY})
        appeal.refresh_from_db()
        claim.refresh_from_db()
        assert (appeal.outcome, claim.status) == (outcome, status)
        assert AuditEntry.objects.filter(action="appeal.decided", subject_id=str(appeal.pk)).count() == 1
    assert claims[0].denial_category == "authorisation"


def taken_out(client: Any) -> list[str]:
    file = client.get("/exports/new/appeals/?outcome=any&format=csv")
    return b"".join(file.streaming_content).decode().splitlines()


def test_another_departments_appeals_are_unknown(client: Any, sign_in: Any, change: Change) -> None:
    theirs = denied(change, department=make_department("Heart"))
    appeal = appeals.file(claim=theirs, filing=appeals.Filing("mail", "Secret words"), change=change)
    sign_in("biller", departments=[make_department("Bones")])
    assert client.get(f"/claims/{theirs.pk}/appeal/").status_code == 404
    answer = {"outcome": "upheld", "decided_on": TODAY}
    assert client.post(f"/appeals/{appeal.pk}/answer/", answer).status_code == 404
    page = client.get("/appeals/?outcome=any").content.decode()
    assert str(theirs) not in page
    assert str(theirs) not in "".join(taken_out(client))


def test_the_list_shows_those_that_wait_longest_first(
    client: Any, sign_in: Any, change: Change, django_assert_max_num_queries: Any
) -> None:
    claims = [denied(change) for _ in range(4)]
    for days, claim in enumerate(claims):
        appeal = appeals.file(claim=claim, filing=appeals.Filing("fax", "Please."), change=change)
        filed_on = TODAY - timedelta(days=days)
        Appeal.objects.filter(pk=appeal.pk).update(filed_on=filed_on, due_on=TODAY + timedelta(days=days - 1))
    changes.change_status(claim=claims[0], to="denied", change=change)
    sign_in("analyst")
    with django_assert_max_num_queries(25):
        page = client.get("/appeals/").content.decode()
    places = [page.index(str(claim)) for claim in reversed(claims[1:])]
    assert places == sorted(places)
    assert str(claims[0]) not in page
    overdue = client.get("/appeals/?due=late").content.decode()
    assert not any(str(claim) in overdue for claim in claims)  # the one overdue has been decided
    assert str(claims[0]) in client.get("/appeals/?outcome=upheld").content.decode()
    assert str(claims[1]) in client.get("/appeals/?due=7&level=1").content.decode()
    shown = client.get("/appeals/?outcome=any&sort=-filed").content.decode()
    assert shown.index(str(claims[0])) < shown.index(str(claims[3]))
    rows = taken_out(client)
    assert len(rows) == 5
    assert rows[1].startswith(str(claims[3]))
    assert "Denial upheld" in rows[4]


def test_masked_roles_do_not_read_what_an_appeal_says(client: Any, sign_in: Any, change: Change) -> None:
    claim = denied(change)
    appeals.file(claim=claim, filing=appeals.Filing("mail", "Jane Doe was approved."), change=change)
    sign_in("analyst")
    page = client.get(f"/claims/{claim.pk}/").content.decode()
    assert "Level 1" in page
    assert "Jane Doe" not in page
    assert "Hidden" in page


def test_a_share_is_told_of_twenty_appeals_and_no_fewer(change: Change) -> None:
    payer, other = make_payer("Aetna"), make_payer("Cigna")
    for number in range(21):
        claim = denied(change, payer=payer if number else other)
        appeals.file(claim=claim, filing=appeals.Filing("mail", ""), change=change)
        if number % 4:
            changes.change_status(claim=claim, to="denied", change=change)
        else:
            changes.post_payment(claim=claim, amount=Decimal(100), paid_on=TODAY, change=change)
    aetna, cigna = rates(Appeal.objects.all(), TODAY)
    assert (aetna.payer, aetna.category, aetna.decided, aetna.won) == ("Aetna", "Authorisation", 20, 5)
    assert (aetna.share, aetna.dollars) == (Decimal("0.25"), Decimal(500))
    assert (cigna.decided, cigna.won, cigna.share) == (1, 1, None)
