"""Every address × every role × every method does what `access_matrix.txt` says, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import time as time_of_day
from io import BytesIO
from itertools import product
from pathlib import Path
from time import time
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import AuditEntry, Department, User
from accounts.roles import ROLES
from accounts.sessions import LAST_USED, STARTED
from analytics.models import Delivery, Export, Report, Snapshot, Webhook
from claims import triage
from claims.appeals import Filing, file
from claims.attachments import attach
from claims.changes import Change
from claims.identity import new_id
from claims.models import AutomationRule, IdempotencyKey, LedgerEntry, PayBack, Worklist, WriteOff
from rcm_site.testing.makers import (
    make_alert,
    make_claim,
    make_department,
    make_import,
    make_payer,
    make_payment,
    make_provider,
    make_remittance,
    make_rule,
    make_user,
)

MATRIX = Path(__file__).with_name("access_matrix.txt")
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
EVERYBODY = ["anonymous", "no role", *ROLES, "superuser"]
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass(frozen=True)
class Line:
    route: str
    allowed: frozenset[tuple[str, str]]

    def allows(self, person: str, method: str) -> bool:
        return (person, method) in self.allowed


def read_matrix() -> dict[str, Line]:
    """What each route allows; one whose methods are for different people has several lines."""
    lines: dict[str, Line] = {}
    for text in MATRIX.read_text().splitlines():
        if not text.strip() or text.startswith("#"):
            continue
        route, methods, who = re.split(r"\s{2,}", text.strip())
        named = set(methods.split()) - {"-"}
        named |= {"HEAD"} if "GET" in named else set()
        before = lines[route].allowed if route in lines else frozenset()
        lines[route] = Line(route, before | frozenset(product(people(who), named)))
    return lines


def people(who: str) -> frozenset[str]:
    if who == "anyone":
        return frozenset(EVERYBODY)
    if who == "signed-in":
        return frozenset(EVERYBODY) - {"anonymous"}
    if who == "nobody":
        return frozenset()
    roles = frozenset(who.split())
    assert roles <= set(ROLES), f"unknown role in the matrix: {roles - set(ROLES)}"
    return roles | {"superuser"}


def resolver_routes() -> list[str]:
    return sorted({tidy(route) for route in walk(get_resolver().url_patterns)})


def walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route


def tidy(route: str) -> str:
    """A route as a person writes it: /audit/<pk>/ whatever the converter or regular expression."""
    plain = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"<\1>", route)
    return re.sub(r"<\w+:(\w+)>", r"<\1>", plain).replace("^", "").replace("$", "").replace("\\", "") or "/"


ROUTES = resolver_routes()


def test_every_address_is_in_the_matrix_and_every_line_is_an_address() -> None:
    lines = read_matrix()
    assert [route for route in ROUTES if route not in lines] == []
    assert [route for route in lines if route not in ROUTES] == []


@pytest.fixture
def personas(db: None) -> dict[str, User | None]:
    imaging = make_department("Imaging")
    named: dict[str, User | None] = {role: make_user(role, departments=[imaging]) for role in ROLES}
    return named | {
        "anonymous": None,
        "no role": make_user(""),
        "superuser": make_user("", is_superuser=True),
    }


@pytest.fixture
def address(personas: dict[str, User | None]) -> Any:
    """Fills a route's parts with things that exist, so that a missing object does not look like a refusal."""
    nurse = make_user("manager", departments=[Department.objects.get()])
    request = RequestFactory().get("/")
    urgent = triage.register_patient(patient_id="P-1", symptoms="chest pain", actor=nurse, request=request)
    objects = {
        **in_the_admin(),
        "accounts/department": Department.objects.get().pk,
        "accounts/user": make_user("coder").pk,
        "accounts/auditentry": AuditEntry.objects.earliest("id").pk,
        "audit": AuditEntry.objects.earliest("id").pk,
        "payers": make_payer().pk,
        "staff": nurse.pk,
        "patients": urgent.patient.pk,
        "follow-ups": urgent.follow_up.pk,
        "tasks": urgent.follow_up.pk,
        "exports": new_id(),  # one is there for its owner alone
        "deliveries": new_id(),  # nor is anybody's message there for others
        "webhooks": Webhook.objects.create(name="Inside", url="https://127.0.0.1/").pk,
        **reports_of(nurse),
        **pages_of_claims(Department.objects.get()),
    }

    def fill(route: str) -> str:
        kind = max((kind for kind in objects if f"{kind}/" in route), key=len, default="audit")
        parts = {
            "object_id": objects[kind],
            "pk": objects[kind],
            "app_label": "accounts",
            "patient_id": "P-1",
        }
        parts |= {
            "uidb36": "1",
            "key": "bad-key",
            "kpi": "denial_rate",
            "npi": "1234567893",
            "kind": "claims",
            "payer": str(objects["payers"]),
            "cause": "below",
            "step": "call",
            "token": "bad",
            "url": "nowhere",
            "tag": "1",
            "content_type_id": "0",
        }
        filled = re.sub(r"<(\w+)>", lambda match: str(parts[match[1]]), route).removeprefix("/")
        return f"/{filled}{QUESTIONS.get(route, '')}"

    return fill


def reports_of(owner: User) -> dict[str, Any]:
    """A report and a schedule of it that are their owner's; of schedules, who runs the site sees all."""
    asked = {"kpis": ["denial_rate"], "group_by": ["payer"], "period": "last_30_days"}
    report = Report.objects.create(name="Denials", owner=owner, asked=asked)
    schedule = report.schedules.create(
        name="Mondays", owner=owner, at=time_of_day(8), time_zone="UTC", due_at=timezone.now()
    )
    return {"reports": report.pk, "schedules": schedule.pk}


def in_the_admin() -> dict[str, Any]:
    """One of each of what the admin shows of claims."""
    claim, owner = make_claim(), make_user("admin")
    source = make_import(owner)
    entry = LedgerEntry.objects.create(message_id=claim.pk, claim_id=claim.pk, net_fee=0)
    key = IdempotencyKey.objects.create(user=owner, key="k", fingerprint="f", status=201, answer={})
    alert, report = make_alert(), Report.objects.create(name="R", owner=owner, asked={})
    now = timezone.now()
    return {
        "admin/analytics/alert": alert.pk,
        "admin/analytics/alertrule": make_rule().pk,
        "admin/analytics/delivery": Delivery.objects.create(channel="mail", about="test", once="1").pk,
        "admin/analytics/export": Export.objects.create(owner=owner, kind="claims", asked_on=now).pk,
        "admin/analytics/report": report.pk,
        "admin/analytics/schedule": owner.schedules.create(
            report=report, at=now, due_at=now, time_zone="America/New_York"
        ).pk,
        "admin/analytics/snapshot": Snapshot.objects.create(
            kpi="denial_rate", of="all", day=now, days=30, numerator=1, n=1
        ).pk,
        "admin/analytics/webhook": Webhook.objects.create(name="Pager").pk,
        "admin/claims/claim": claim.pk,
        "admin/claims/payer": make_payer().pk,
        "admin/claims/provider": make_provider().pk,
        "admin/claims/feeschedule": make_payer()
        .fees.create(procedure="99213", amount=80, valid_from="2026-01-01")
        .pk,
        "admin/claims/remittance": make_remittance().pk,
        "admin/claims/outboxmessage": claim.messages.create(net_fee=0).pk,
        "admin/claims/ledgerentry": entry.pk,
        "admin/claims/importchunk": source.chunks.create(number=1, first_record=1, records=1).pk,
        "admin/claims/idempotencykey": key.pk,
    }


def pages_of_claims(department: Department) -> dict[str, Any]:
    source = make_import(department=department, kind="x12")
    remittance = make_remittance(source=source)
    waiting = make_payment(remittance=remittance, state="unmatched", control_number="PCN-9")
    shared = Worklist.objects.create(name="Shared", hand_out=Worklist.HandOut.ROUND_ROBIN)
    claim = make_claim(department=department)
    asked = WriteOff.State.WAITING
    write_off = claim.writeoffs.create(amount=90, reason="small", state=asked, asked_by=make_user("biller"))
    pay_back = PayBack.objects.create(
        claim=claim,
        amount=90,
        to="payer",
        way="cheque",
        paid_on="2026-11-20",
        state=asked,
        asked_by=make_user("biller"),
    )
    appealed = make_claim(department=department, status="denied", charge=90)
    appeal = file(claim=appealed, filing=Filing("fax", "Please pay."), change=Change(make_user("admin")))
    document = attach(claim, BytesIO(b"Seen on Monday."), "note.txt", actor=make_user("admin"))
    rule = AutomationRule.objects.create(name="By itself", made_by=make_user("admin"))
    return {
        "claims": claim.pk,
        "worklists": shared.pk,
        "automation": rule.pk,
        "attachments": document.pk,
        "appeals": appeal.pk,
        "alerts": make_alert(make_rule(department=department)).pk,
        "alerts/rules": make_rule(department=department).pk,
        "imports": source.pk,
        "remittances": remittance.pk,
        "remittances/unmatched": waiting.pk,
        "remittances/payments": waiting.pk,
        "write-offs": write_off.pk,
        "pay-backs": pay_back.pk,
    }


def was_refused(response: Any) -> bool:
    to_sign_in = response.status_code == 302 and response["Location"].startswith("/sign-in/?next=")
    return to_sign_in or response.status_code in (401, 403, 404, 405)


def was_let_in(response: Any) -> bool:
    """Past the gate: what is said there of an empty form or a bad link is another test's business."""
    to_sign_in = response.status_code == 302 and response["Location"].startswith("/sign-in/?next=")
    return not to_sign_in and response.status_code not in (401, 403, 405) and response.status_code < 500


# What an address must be asked to answer at all.
QUESTIONS = {"admin/autocomplete/": "?app_label=accounts&model_name=user&field_name=departments"}
# Where a right question about wrong credentials is answered 401, which is not the gate's refusal.
ANSWERS_401 = {"api/auth/token", "api/auth/token/refresh"}


@pytest.mark.served
@pytest.mark.parametrize("name", EVERYBODY)
def test_every_address_serves_whom_the_matrix_says_and_refuses_the_others(
    name: str, personas: dict[str, User | None], address: Any
) -> None:
    client = Unrecorded()
    if person := personas[name]:
        client.force_login(person, backend=BACKEND)
        just_used(client)
    lines, wrong = read_matrix(), []
    for route, method in product(ROUTES, METHODS):
        response = asked_alone(client, method, address(route))
        if lines[route].allows(name, method):
            fine = was_let_in(response) or (route in ANSWERS_401 and response.status_code == 401)
        else:
            fine = was_refused(response)
        if not fine:
            wrong.append(f"{method} {route}: {response.status_code}")
    assert wrong == []


def just_used(client: Client) -> None:
    """And for the next hour: to write down that it is used would have every request save the session."""
    session = client.session
    session[STARTED] = session[LAST_USED] = time() + 3600
    session.save()


class Unrecorded(Client):
    """Keeps no copy of what each template was given, which takes as long as to answer."""

    def request(self, **request: Any) -> Any:
        response = self.handler(self._base_environ(**request))  # type: ignore[attr-defined]
        if response.cookies:
            self.cookies.update(response.cookies)
        return response


def asked_alone(client: Client, method: str, address: str) -> Any:
    """What a request is answered to which nothing has happened before, not even a signing out."""
    cookies = deepcopy(client.cookies)
    cache.clear()
    with transaction.atomic():
        response = client.generic(method, address, content_type="application/json")
        transaction.set_rollback(True)
    client.cookies = cookies
    return response
