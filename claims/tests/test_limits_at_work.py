"""Limits of payers and plans that change: the claims at work that they touch are valued at once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from claims.models import Claim, OpenWork, Payer, Worklist, WorkMark
from claims.worklists import open_work
from claims.worklists.pulling import next_claim
from rcm_site.testing.makers import make_claim, make_payer, make_user

from .test_plan_limits import cover

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
DENIED_ON = TODAY - timedelta(days=50)


@pytest.fixture
def acme() -> Payer:
    return make_payer("Acme", appeal_days=180, timely_filing_days=365)


def denied(payer: Payer, dollars: int, *plans: str) -> Claim:
    fields: dict[str, Any] = {"status": "denied", "decided_on": DENIED_ON, "denial_category": "other"}
    return cover(make_claim(charge=Decimal(dollars), payer=payer, **fields), *plans)


def days_left(claim: Claim) -> int:
    deadline = OpenWork.objects.get(pk=claim.pk).deadline
    assert isinstance(deadline, date)
    return (deadline - TODAY).days


def marked() -> set[Any]:
    return set(WorkMark.objects.values_list("claim_id", flat=True))


def test_a_shorter_limit_of_its_payer_moves_a_claim_up_its_list_at_once(acme: Payer) -> None:
    small, large = denied(acme, 100), denied(make_payer("Other"), 200)
    worklist = Worklist.objects.create(name="Denials", filters={"status": "denied"})
    open_work.settle()
    in_order = OpenWork.objects.order_by("-value").values_list("pk", flat=True)
    assert (days_left(small), [*in_order]) == (130, [large.pk, small.pk])
    acme.appeal_days = 60
    acme.save()
    assert marked() == {small.pk}
    assert open_work.refresh() == 1
    work = OpenWork.objects.get(pk=small.pk)
    # 10 days left: 1 + 20 tenths of urgency, and 100 × 3 is more than 200.
    assert (days_left(small), work.times_urgent, work.value) == (10, Decimal(3), Decimal(300))
    assert [*in_order.all()] == [small.pk, large.pk]
    assert next_claim(user=make_user("director"), worklist=worklist) == small


def test_a_payers_new_name_touches_nobodys_work(acme: Payer) -> None:
    denied(acme, 100)
    open_work.settle()
    acme.name = "Acme Health"
    acme.save()
    assert marked() == set()


def test_what_needs_no_day_and_what_nobody_works_are_not_touched(acme: Payer) -> None:
    make_claim(charge=90, payer=acme, status="appealed")
    make_claim(charge=90, payer=acme, status="paid", paid=90)
    open_work.settle()
    Payer.objects.update(appeal_days=10, timely_filing_days=10)
    assert marked() == set()


def test_a_plans_limit_touches_the_claims_of_that_plan_alone(acme: Payer) -> None:
    gold, silver = denied(acme, 100, "GOLD"), denied(acme, 100, "SILVER")
    elsewhere = denied(make_payer("Other"), 100, "GOLD")
    open_work.settle()
    limit = acme.plan_limits.create(plan_group="GOLD", appeal_days=55)
    assert marked() == {gold.pk}
    open_work.settle()
    assert [days_left(each) for each in (gold, silver, elsewhere)] == [5, 130, 130]
    limit.plan_group = "SILVER"
    limit.save()
    assert marked() == {gold.pk, silver.pk}
    open_work.settle()
    assert [days_left(each) for each in (gold, silver, elsewhere)] == [130, 5, 130]
    limit.delete()
    open_work.settle()
    assert [days_left(each) for each in (gold, silver, elsewhere)] == [130, 130, 130]


def test_limits_that_come_as_csv_touch_claims_too(client: Client, sign_in: Any, acme: Payer) -> None:
    claim = denied(acme, 100)
    open_work.settle()
    sign_in("admin")
    sent = SimpleUploadedFile("payers.csv", b"name,appeal_days\nAcme,70\n")
    page = client.post("/admin/claims/payer/import/", {"import_file": sent, "format": "0", "resource": "0"})
    assert marked() == set(), "a preview changes nothing"
    form = page.context["confirm_form"]
    client.post("/admin/claims/payer/process_import/", {name: form[name].value() for name in form.fields})
    assert open_work.refresh() == 1
    assert days_left(claim) == 20
