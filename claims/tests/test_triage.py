"""Patients and their assessments: through the API, on the pages, and who may see them."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from claims import triage
from claims.assessors import Assessed, Step
from claims.models import Assessment, Coverage, Patient, Task
from rcm_site.testing.makers import make_claim, make_department, make_patient, make_user
from rcm_site.testing.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def biller(sign_in: Any) -> User:
    return sign_in("biller", departments=[make_department("Cardiology")])


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/{path}", json.dumps(body), content_type="application/json")


# API -----------------------------------------------------------------------------------------------


def test_a_registered_patient_comes_back_with_an_assessment_and_its_reasons(
    client: Client, biller: User
) -> None:
    response = post(client, "patients", patient_id="P-1", symptoms="Chest pain, denies fever")
    assert response.status_code == 201
    told = response.json()
    assert (told["patient_id"], told["symptoms"]) == ("P-1", "Chest pain, denies fever")
    assert (told["ai_assessment"], told["risk_score"]) == ("Urgent review", 0.95)
    assert told["assessor"] == {"name": "rules", "version": "1"}
    assert {"rule": "fever", "finding": "denied"} in told["decision_trace"]
    assert (told["follow_up"], told["assessments"]) == ("open", 1)
    assert told["input_hash"] == triage.input_hash("Chest pain, denies fever")
    assert client.get("/api/patients/P-1").json() == told


def test_the_same_id_twice_is_a_conflict_and_changes_nothing(client: Client, biller: User) -> None:
    post(client, "patients", patient_id="P-1", symptoms="cough")
    response = post(client, "patients", patient_id="P-1", symptoms="chest pain")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "patient_exists")
    assert Assessment.objects.get().symptoms == "cough"


def test_a_new_assessment_joins_the_history(client: Client, biller: User) -> None:
    post(client, "patients", patient_id="P-1", symptoms="cough")
    told = post(client, "patients/P-1/assessments", symptoms="short of breath").json()
    assert (told["ai_assessment"], told["assessments"]) == ("Urgent review", 2)
    assert client.get("/api/patients/P-1").json()["symptoms"] == "short of breath"
    assert [each.symptoms for each in Assessment.objects.all()] == ["short of breath", "cough"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"symptoms": "x"}, "patient_id"),
        ({"patient_id": "", "symptoms": "x"}, "patient_id"),
        ({"patient_id": "P" * 65, "symptoms": "x"}, "patient_id"),
        ({"patient_id": "P/1", "symptoms": "x"}, "patient_id"),
        ({"patient_id": "P-1"}, "symptoms"),
        ({"patient_id": "P-1", "symptoms": "a\0b"}, "symptoms"),
        ({"patient_id": "P-1", "symptoms": ["x"]}, "symptoms"),
        ({"patient_id": "P-1", "symptoms": "x", "risk_score": 0}, "risk_score"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_by_the_name_of_its_field(
    client: Client, biller: User, body: dict[str, Any], field: str
) -> None:
    response = post(client, "patients", **body)
    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [field]
    assert not Patient.objects.exists()


def test_another_departments_patient_is_unknown_everywhere(
    client: Client, biller: User, sign_in: Any
) -> None:
    post(client, "patients", patient_id="P-1", symptoms="chest pain")
    patient, follow_up = Patient.objects.get(), Task.objects.get()
    sign_in("manager", departments=[make_department("Dental")])
    assert client.get("/api/patients/P-1").status_code == 404
    assert post(client, "patients/P-1/assessments", symptoms="x").status_code == 404
    assert client.get(f"/patients/{patient.pk}/").status_code == 404
    assert client.post(f"/follow-ups/{follow_up.pk}/close/", {"outcome": "x"}).status_code == 404
    assert AuditEntry.objects.filter(action="follow_up.closed", outcome="failed").count() == 1
    assert "P-1" not in client.get("/follow-ups/").text
    assert "no such patient" in client.post("/patients/", {"form": "find", "find-patient_id": "P-1"}).text
    sign_in("director")
    assert client.get("/api/patients/P-1").status_code == 200


def test_every_look_is_in_the_trail_by_number_and_never_by_the_patients_id(
    client: Client, biller: User
) -> None:
    post(client, "patients", patient_id="Canary-77", symptoms="chest pain and Canary-78")
    patient = Patient.objects.get()
    client.get("/api/patients/Canary-77")
    client.get("/api/patients/Canary-79")
    client.get(f"/patients/{patient.pk}/")
    client.get("/follow-ups/")
    told = (
        AuditEntry.objects.exclude(action="sign_in")
        .order_by("id")
        .values_list("action", "subject_id", "outcome")
    )
    assert list(told) == [
        ("patient.added", str(patient.pk), "done"),
        ("task.added", str(Task.objects.get().pk), "done"),
        ("patient.assessed", str(patient.pk), "done"),
        ("patient.read", str(patient.pk), "done"),
        ("patient.read", "", "failed"),
        ("patient.read", str(patient.pk), "done"),
        ("follow_ups.read", "", "done"),
    ]
    everything = json.dumps(list(AuditEntry.objects.values("actor_name", "subject_name", "details")))
    assert "Canary" not in everything


def test_what_cannot_be_audited_is_not_shown(
    client: Client, biller: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(client, "patients", patient_id="P-1", symptoms="cough")
    monkeypatch.setattr(AuditEntry, "save", lambda *args, **kwargs: 1 / 0)
    client.raise_request_exception = False
    response = client.get("/api/patients/P-1")
    assert response.status_code == 500
    assert "cough" not in response.text


def strict(symptoms: str) -> Assessed:
    from decimal import Decimal

    return Assessed("strict", "7", "See everybody", Decimal("1.00"), True, (Step("all", "present"),))


def test_another_assessor_takes_over_and_old_answers_stay(
    client: Client, biller: User, settings: Any
) -> None:
    post(client, "patients", patient_id="P-1", symptoms="cough")
    settings.TRIAGE_ASSESSOR = "claims.tests.test_triage.strict"
    told = post(client, "patients/P-1/assessments", symptoms="cough").json()
    assert (told["assessor"], told["risk_score"]) == ({"name": "strict", "version": "7"}, 1.0)
    assert [each.assessor for each in Assessment.objects.all()] == ["strict", "rules"]


@pytest.mark.django_db(transaction=True)
def test_of_many_registrations_at_once_one_wins() -> None:
    department = make_department("Cardiology")
    clients = []
    for _ in range(6):
        client = Client()
        client.force_login(
            make_user(departments=[department]), backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        clients.append(client)

    def register(client: Client) -> int:
        return post(client, "patients", patient_id="P-1", symptoms="chest pain").status_code

    assert sorted(at_once(register, clients)) == [201, 409, 409, 409, 409, 409]
    assert (Patient.objects.count(), Task.objects.count()) == (1, 1)


# Pages ---------------------------------------------------------------------------------------------


def test_a_patient_is_registered_found_and_assessed_again_on_the_pages(client: Client, biller: User) -> None:
    page = client.post("/patients/", {"patient_id": "P-1", "symptoms": "fever"}, follow=True)
    patient = Patient.objects.get()
    assert page.redirect_chain == [(f"/patients/{patient.pk}/", 302)]
    assert "Routine clinical review" in page.text
    assert "There is a patient with this id already." in client.post("/patients/", {"patient_id": "P-1"}).text
    found = client.post("/patients/", {"form": "find", "find-patient_id": "P-1"})
    assert found["Location"] == f"/patients/{patient.pk}/"
    page = client.post(f"/patients/{patient.pk}/", {"symptoms": "chest pain"}, follow=True)
    assert "Close the follow-up" in page.text


def test_a_patient_is_found_by_name_in_any_case_or_by_member_number(client: Client, biller: User) -> None:
    mine = list(biller.departments.all())
    patient = make_patient("P-1", departments=mine, name="Doe, Jane", birth_date="1980-01-02")
    Coverage.objects.create(subscriber="M-77", patient=patient)
    make_claim(patient=patient, department=mine[0], control_number="PCN-1", fees=["12.00"])
    make_claim(patient=patient, department=make_department("Dental"), fees=["34.56"])
    for text in ("P-1", "doe, JANE", "M-77"):
        found = client.post("/patients/", {"form": "find", "find-patient_id": text})
        assert found["Location"] == f"/patients/{patient.pk}/"
    page = client.get(f"/patients/{patient.pk}/").text
    assert "Doe, Jane" in page
    assert "2 Jan 1980" in page
    assert "Not assessed yet" in page
    assert "$12.00" in page
    assert "$34.56" not in page  # another department's claim
    for text in ("p-1", "Doe", "m-77"):
        assert "no such patient" in client.post("/patients/", {"form": "find", "find-patient_id": text}).text


def test_of_several_patients_of_one_name_only_visible_ones_are_offered(client: Client, biller: User) -> None:
    mine = list(biller.departments.all())
    for patient_id, departments in (("P-1", mine), ("P-2", mine), ("P-3", [make_department("Dental")])):
        make_patient(patient_id, departments=departments, name="Doe, Jane")
    page = client.post("/patients/", {"form": "find", "find-patient_id": "Doe, Jane"}).text
    assert "P-1" in page
    assert "P-2" in page
    assert "P-3" not in page
    assert AuditEntry.objects.get(action="patients.found").details == {"rows": 2}


def test_symptoms_are_inert_on_the_page(client: Client, biller: User) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    post(client, "patients", patient_id=hostile, symptoms=f"chest pain {hostile}")
    for path in (f"/patients/{Patient.objects.get().pk}/", "/follow-ups/"):
        assert hostile not in client.get(path).text


def test_pages_with_patients_are_kept_by_no_browser(client: Client, biller: User) -> None:
    post(client, "patients", patient_id="P-1", symptoms="chest pain")
    for path in ("/patients/", f"/patients/{Patient.objects.get().pk}/", "/follow-ups/"):
        assert "no-store" in client.get(path)["Cache-Control"]


def test_a_follow_up_is_closed_once_by_somebody_who_says_what_was_done(client: Client, biller: User) -> None:
    post(client, "patients", patient_id="P-1", symptoms="chest pain")
    follow_up = Task.objects.get()
    assert "P-1" in client.get("/follow-ups/").text
    address = f"/follow-ups/{follow_up.pk}/close/"
    assert "Say what was done" in client.post(address, {"outcome": " "}, follow=True).text
    assert "is closed" in client.post(address, {"outcome": "Called, on the way in"}, follow=True).text
    assert "A colleague has closed" in client.post(address, {"outcome": "again"}, follow=True).text
    follow_up.refresh_from_db()
    assert (follow_up.done_by, follow_up.outcome) == (biller, "Called, on the way in")
    assert "Nobody is waiting" in client.get("/follow-ups/").text


def test_the_list_takes_as_many_queries_for_thirty_as_for_one(
    client: Client, biller: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        post(client, "patients", patient_id=f"P-{number}", symptoms="chest pain")
    with django_assert_max_num_queries(12):
        client.get("/follow-ups/?size=50")
