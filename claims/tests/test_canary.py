"""A patient's name, numbers, birth date and a note on them, put through everything: nowhere in plain."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from celery.signals import before_task_publish
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from claims.downstream import relay
from claims.imports.loading import load_waiting
from claims.models import Claim, ClaimPayment, Import, ImportProblem, OutboxMessage, Patient
from rcm_site.logs import formatter
from rcm_site.testing.makers import make_department

from .x12_samples import sample

pytestmark = pytest.mark.django_db

LAST, FIRST, MEMBER, PATIENT = "KESTRELSON", "QUILLON", "KSTRL4417XQ", "KSTRL-993"
NOTE, BORN = "kestrel said so on the phone", "19310704"
# In whatever case, and the day as either format writes it.
TRACES = ("kestrel", "kstrl", "quillon", BORN, "1931-07-04")
WRONG = "kestrel"  # where an amount, a day or a code belongs

LINE = {
    "service date": "2026-10-12",
    "procedure": "D0180",
    "plan_group": "GRP-1000",
    "subscriber": MEMBER,
    "npi": "1497775530",
    "provider_fees": "100.00",
    "allowed_fees": "90.50",
    "coinsurance": "5.00",
    "copay": "0",
}
CLAIMS_CSV = "\n".join(
    [
        "Patient ID,CPT,Payer,Department,Expected Amount,Status,Submitted,Denial Reason,External ID",
        f"{PATIENT},99213,Northern,Imaging,120.00,denied,2026-02-03,{NOTE},X-1",
        f"{PATIENT},99213,Northern,Imaging,{WRONG},denied,2026-02-03,{NOTE},X-2",
        f"{PATIENT},99213,Northern,Imaging,120.00,{WRONG},{WRONG},{NOTE},X-3",
    ]
)
HEADINGS = "Claim Number,Service Date,Procedure,Plan/Group #,Subscriber#,NPI,Provider Fees,Allowed Fees"
LINES_CSV = "\n".join(
    [
        f"{HEADINGS},Coinsurance,Copay",
        f"L-1,2026-03-28,D0180,GRP-7,{MEMBER},1497775530,100.00,90.00,0,0",
        f"L-2,2026-03-28,{WRONG},GRP-7,{MEMBER},{MEMBER},{WRONG},90.00,0,0",
    ]
)


def x12(name: str, **changed: str) -> str:
    text = sample(name)
    named = {"ADAMS": LAST, "RITA": FIRST, "M1001": MEMBER, "19700514": BORN}
    for old, new in {**named, **changed}.items():
        text = text.replace(old, new)
    return text


class Traces:
    """Everything that leaves the process or is kept, in one place to look through."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.log = io.StringIO()
        self.told: list[str] = []

    def ask(self, method: str, address: str, *args: Any, **kwargs: Any) -> Any:
        response = getattr(self.client, method)(address, *args, **kwargs)
        self.told += [str(response.status_code), response.headers.get("Location", "")]
        return response

    def send_json(self, address: str, body: Any, method: str = "post") -> Any:
        return self.ask(method, address, json.dumps(body), content_type="application/json")

    def refuse(self, response: Any, status: int) -> None:
        """What is said of a refusal must not repeat what was refused."""
        assert response.status_code == status, response.content
        self.told.append(response.content.decode())

    def kept(self) -> Iterator[str]:
        """Each row of each table as the database holds it, and the content of sessions."""
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f'SELECT * FROM "{table}"')
                for row in cursor.fetchall():
                    yield f"{table}: {[_readable(value) for value in row]}"
        for session in Session.objects.all():
            yield f"session: {session.get_decoded()}"


def _readable(value: Any) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)


def found_in(texts: Any) -> list[str]:
    return [text[:300] for text in texts if any(trace.casefold() in text.casefold() for trace in TRACES)]


@pytest.fixture
def traces(client: Client, sign_in: Any) -> Iterator[Traces]:
    """With a log as production writes it, and an ear at the broker's door."""
    sign_in("admin", departments=[make_department("Imaging")])
    watched = Traces(client)
    handler = logging.StreamHandler(watched.log)
    handler.setFormatter(formatter(private=True))

    def hear(body: Any = None, headers: Any = None, **_: Any) -> None:
        watched.told.append(f"task: {body} {headers}")

    logging.getLogger().addHandler(handler)
    before_task_publish.connect(hear, weak=False)
    yield watched
    before_task_publish.disconnect(hear)
    logging.getLogger().removeHandler(handler)


def send_files(traces: Traces) -> None:
    files = {
        "professional.edi": x12("professional_5010"),
        "wrong.edi": x12("professional_5010", **{"A-1001": "B-1", f"*{250}*": f"*{MEMBER}*"}),
        "claims.csv": CLAIMS_CSV,
        "lines.csv": LINES_CSV,
        "remittance.edi": x12("remittance_5010"),
    }
    for name, text in files.items():
        sent = {"file": SimpleUploadedFile(name, text.encode())}
        assert traces.ask("post", "/api/claims/import", sent).status_code == 202
    load_waiting(seconds=60)
    for source in Import.objects.all():
        assert source.is_over, source.reason
        traces.ask("get", reverse("import", args=[source.pk]))
        traces.ask("get", reverse("refused_csv", args=[source.pk]))


def use_the_api(traces: Traces) -> None:
    body = {"control_number": "API-1", "lines": [LINE]}
    accepted = traces.send_json("/api/claims/", body)
    assert accepted.status_code == 201
    traces.refuse(traces.send_json("/api/claims/", body), 409)
    wrong = LINE | {"provider_fees": WRONG, "service date": WRONG, "npi": MEMBER, "subscriber": MEMBER * 50}
    traces.refuse(traces.send_json("/api/claims/", {"control_number": "API-2", "lines": [wrong]}), 400)
    claim = f"/api/claims/{accepted.json()['id']}"
    traces.ask("get", claim)
    traces.send_json(claim, {"status": "denied", "note": NOTE}, "patch")
    traces.refuse(traces.send_json(claim, {"status": "nonsense", "note": NOTE}, "patch"), 400)
    patient = {"patient_id": PATIENT + "-2", "symptoms": f"{LAST} has chest pain"}
    assert traces.send_json("/api/patients", patient).status_code == 201
    traces.refuse(traces.send_json("/api/patients", patient), 409)
    traces.refuse(traces.send_json("/api/patients", {"patient_id": MEMBER, "symptoms": [NOTE]}), 400)


def use_pages_and_admin(traces: Traces) -> None:
    claim = Claim.objects.get(control_number="X-1")
    traces.ask("get", reverse("claim", args=[claim.pk]))
    traces.ask("post", reverse("patients"), {"form": "find", "find-patient_id": PATIENT})
    traces.ask("post", reverse("patients"), {"form": "find", "find-patient_id": PATIENT + "-none"})
    address = reverse("admin:claims_claim_change", args=[claim.pk])
    form = traces.ask("get", address).context["adminform"].form
    typed = {name: form[name].value() or "" for name in form.fields}
    typed |= {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0", "note": NOTE}
    assert traces.ask("post", address, typed | {"charge": WRONG, "payer": WRONG}).status_code == 200
    assert traces.ask("post", address, typed | {"place_of_service": "11"}).status_code == 302
    void = {"action": "void", "_selected_action": [str(claim.pk)], "apply": "yes", "note": NOTE}
    assert traces.ask("post", "/admin/claims/claim/", void).status_code == 302


def break_something(traces: Traces) -> None:
    """PostgreSQL's messages hold whole rows; a log shows whoever logs such an error."""
    try:
        with transaction.atomic():
            Patient.objects.create(patient_id=PATIENT, name=f"{LAST}, {FIRST}")
    except IntegrityError:
        structlog.get_logger(__name__).exception("broken")
    try:
        raise ValueError(f"{LAST}, {FIRST}")
    except ValueError:
        logging.getLogger("somebody.elses").exception("cannot read %s", MEMBER)


def test_nothing_of_a_patient_is_readable_in_what_is_kept_logged_sent_or_refused(traces: Traces) -> None:
    send_files(traces)
    use_the_api(traces)
    use_pages_and_admin(traces)
    break_something(traces)
    relay.send_due()
    metrics = traces.client.get("/metrics").content.decode()

    # All of it went through, or nothing is proved.
    assert {patient.name for patient in Patient.objects.all()} >= {f"{LAST}, {FIRST}"}
    assert Claim.objects.filter(control_number__in=["A-1001", "X-1", "L-1", "API-1"]).count() == 4
    assert ClaimPayment.objects.exists()
    assert ImportProblem.objects.filter(severity="error").count() >= 4
    assert OutboxMessage.objects.filter(state="sent").exists()
    log = traces.log.getvalue()
    assert "broken" in log
    assert "api_send_file" in log or "claims/import" in log
    assert any(told.startswith("task: ") for told in traces.told)

    kept = list(traces.kept())
    assert any("API-1" in row for row in kept)  # what is plain is found
    assert found_in(kept) == []
    assert found_in(log.splitlines()) == []
    assert found_in(traces.told) == []
    assert found_in(metrics.splitlines()) == []
