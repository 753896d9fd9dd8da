"""Appeals through the API."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from claims import appeals, changes
from claims.changes import Change
from claims.models import Appeal, Claim
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def denied(**fields: Any) -> Claim:
    claim = make_claim(charge=Decimal(100), payer=make_payer("Aetna"), **fields)
    change = Change(make_user("admin"))
    return changes.change_status(claim=claim, to="denied", change=change, category="duplicate")


def send(client: Client, verb: str, path: str, /, **body: Any) -> Any:
    return client.generic(verb, path, json.dumps(body), content_type="application/json")


def test_an_appeal_is_filed_listed_and_answered(client: Client, sign_in: Any) -> None:
    heart = make_department("Heart")
    claim = denied(department=heart)
    sign_in("biller", departments=[heart])
    told = send(client, "POST", f"/api/claims/{claim.pk}/appeals", method="portal")
    assert told.status_code == 201
    filed = told.json()
    assert (filed["level"], filed["outcome"], filed["claim"]["status"]) == (1, "waiting", "appealed")
    assert "is a duplicate. It is not" in filed["reason"]
    assert send(client, "POST", f"/api/claims/{claim.pk}/appeals", method="fax").status_code == 409
    assert [each["id"] for each in client.get("/api/appeals/").json()["results"]] == [filed["id"]]
    path = f"/api/appeals/{filed['id']}"
    early = (TODAY - timedelta(days=1)).isoformat()
    assert send(client, "PATCH", path, outcome="upheld", decided_on=early).status_code == 400
    assert send(client, "PATCH", path, outcome="upheld", level=3).status_code == 400
    answered = send(client, "PATCH", path, outcome="upheld").json()
    assert (answered["outcome"], answered["overturned"], answered["claim"]["status"]) == (
        "upheld",
        "0.00",
        "denied",
    )
    assert send(client, "PATCH", path, outcome="withdrawn").status_code == 409
    assert client.get("/api/appeals/?outcome=waiting").json()["results"] == []
    assert len(client.get("/api/appeals/?outcome=upheld&level=1").json()["results"]) == 1


def test_what_cannot_be_is_refused_and_what_is_not_ones_own_unknown(client: Client, sign_in: Any) -> None:
    theirs = denied(department=make_department("Bones"))
    change = Change(make_user("admin"))
    appeal = appeals.file(claim=theirs, filing=appeals.Filing("fax", "Secret"), change=change)
    sign_in("biller", departments=[make_department("Heart")])
    assert client.get("/api/appeals/?outcome=any").json()["results"] == []
    assert send(client, "PATCH", f"/api/appeals/{appeal.pk}", outcome="upheld").status_code == 404
    assert send(client, "POST", f"/api/claims/{theirs.pk}/appeals", method="fax").status_code == 404
    assert client.get("/api/appeals/?outcome=maybe").status_code == 400
    assert client.get("/api/appeals/?more=1").status_code == 400
    assert Appeal.objects.get().outcome == "waiting"
    sign_in("analyst")
    (shown,) = client.get("/api/appeals/").json()["results"]
    assert (shown["id"], shown["reason"]) == (appeal.pk, None)
