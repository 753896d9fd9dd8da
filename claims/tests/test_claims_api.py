"""Claims through the API: sent once, read by whom they concern, changed by the rules of everywhere."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import tokens
from accounts.models import AuditEntry, Department, User
from claims import provider_fees
from claims.api.shapes import OF_PATIENTS, ClaimRow
from claims.models import Claim, ClaimEvent, ClaimLine, Coverage, IdempotencyKey, OutboxMessage, Patient
from claims.provider_fees import top_providers
from rcm_site.testing.makers import (
    make_claim,
    make_department,
    make_patient,
    make_payer,
    make_provider,
    make_user,
)
from rcm_site.testing.threads import at_once

pytestmark = pytest.mark.django_db

LINE = {
    "service date": "2026-10-12",
    "Submitted Procedure": "D0180",
    "Plan/Group #": "GRP-1000",
    "Subscriber#": "1002003004",
    "providerNPI": 1497775530,
    "provider_fees": "$100.00 ",
    "Allowed Fees": 90.5,
    "member coinsurance": "5.00",
    "member copay": "0",
    "quadrant": "UR",
}
SUBSCRIBER = "1002003004"


@pytest.fixture
def dental(db: None) -> Department:
    return make_department("Dental")


@pytest.fixture
def biller(sign_in: Any, dental: Department) -> User:
    return sign_in("biller", departments=[dental])


def send(client: Client, body: Any, **headers: str) -> Any:
    text = body if isinstance(body, bytes) else json.dumps(body)
    return client.post("/api/claims/", text, content_type="application/json", headers=headers)


def bearer(user: User) -> dict[str, str]:
    pair = tokens.issue(user=user, request=RequestFactory().post("/"))
    return {"Authorization": f"Bearer {pair.access}"}


# Sending ---------------------------------------------------------------------------------------------


def test_sending_a_claim_takes_few_trips_to_the_database(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    """Of somebody who sees everything; a savepoint and its release stand for BEGIN and COMMIT."""
    headers = bearer(make_user("director"))
    body = {"control_number": "PCN-1", "Payer": "Northern", "lines": [LINE, LINE | {"quadrant": "LL"}]}
    send(client, body, **headers)
    trips = 11 if connection.vendor == "postgresql" else 17
    with django_assert_max_num_queries(trips):
        answer = send(client, body | {"control_number": "PCN-2"}, **headers | {"Idempotency-Key": "second"})
    assert answer.status_code == 201


def test_a_claim_is_stored_with_what_belongs_to_it(client: Client, biller: User, dental: Department) -> None:
    body = {"control_number": "PCN-1", "Payer": "Northern", "lines": [LINE, LINE | {"member copay": "2.35"}]}
    response = send(client, body)
    told = response.json()
    claim = Claim.objects.get()

    assert response.status_code == 201
    assert response["Location"] == f"/api/claims/{claim.pk}"
    assert told == {
        "id": str(claim.pk),
        "number": f"C-{claim.number}",
        "status": "submitted",
        "net_fee": "31.35",
        "lines": [{"number": 1, "net_fee": "14.50"}, {"number": 2, "net_fee": "16.85"}],
        "warnings": told["warnings"],
    }
    assert (claim.control_number, claim.kind, claim.department) == ("PCN-1", "dental", dental)
    assert str(sum(line.net_fee for line in claim.lines.all())) == told["net_fee"]
    assert OutboxMessage.objects.get().shares == [["1497775530", 3135]]
    assert ClaimEvent.objects.get().actor == biller
    assert AuditEntry.objects.get(action="claim.added").subject_id == str(claim.pk)
    assert provider_fees.miscounted() == {}


def test_a_warning_names_its_field_and_refuses_nothing(client: Client, biller: User) -> None:
    warnings = send(client, {"lines": [LINE | {"providerNPI": "1497775531"}]}).json()["warnings"]
    assert warnings == [{"field": "lines.0.providerNPI", "reason": "Has a wrong check digit."}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lines": [LINE], "id": 1}, "id"),
        ({"lines": [LINE], "status": "paid"}, "status"),
        ({"lines": [LINE], "owner": 1}, "owner"),
        ({"lines": [LINE], "net_fee": 1}, "net_fee"),
        ({"lines": [LINE | {"net_fee": 1}]}, "lines.0.net_fee"),
        ({"lines": [LINE, LINE | {"provider_fees": "-1"}]}, "lines.1.provider_fees"),
        ({"lines": [LINE | {"Submitted Procedure": "99213"}]}, "lines.0.Submitted Procedure"),
        ({"lines": [LINE | {"providerNPI": "１４９７７７５５３０"}]}, "lines.0.providerNPI"),
        ({"lines": [LINE | {"Allowed Fees": float("nan")}]}, "lines.0.Allowed Fees"),
        ({"lines": [LINE | {"Subscriber#": "a\0b"}]}, "lines.0.Subscriber#"),
        ({"lines": [{key: LINE[key] for key in LINE if key != "service date"}]}, "lines.0.service date"),
        ({"lines": []}, "lines"),
        ({}, "lines"),
        ({"lines": [LINE], "kind": "veterinary"}, "kind"),
        ({"lines": [LINE], "department": "Surgery"}, "department"),
        ({"lines": [LINE], "department": "No such"}, "department"),
    ],
)
def test_what_is_wrong_is_named_by_its_path_and_never_by_its_value(
    client: Client, biller: User, body: Any, field: str
) -> None:
    make_department("Surgery")
    response = send(client, body)

    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [field]
    assert SUBSCRIBER not in response.content.decode()
    assert not Claim.objects.exists()
    assert not Coverage.objects.exists()


def test_a_line_that_is_none_is_named(client: Client, biller: User) -> None:
    fields = send(client, {"lines": [LINE, 7]}).json()["error"]["fields"]
    assert fields["lines.1"] == ["Must be an object with named fields."]
    assert not any(field.startswith("lines.0") for field in fields)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'"x"', b"[" * 100_000])
def test_what_is_no_claim_is_refused(client: Client, biller: User, body: bytes) -> None:
    response = send(client, body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "parse_error"


def test_a_body_too_large_or_of_another_kind_is_refused(client: Client, biller: User, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 500
    assert send(client, {"lines": [LINE] * 10}).status_code == 413
    assert client.post("/api/claims/", "a,b", content_type="text/csv").status_code == 415


def test_the_same_control_number_is_refused_and_the_first_is_named_to_those_who_see_it(
    client: Client, biller: User, sign_in: Any
) -> None:
    first = send(client, {"control_number": "PCN-1", "lines": [LINE]}).json()
    again = send(client, {"control_number": "PCN-1", "payer": "New payer", "lines": [LINE]})
    assert again.status_code == 409
    error = again.json()["error"]
    assert (error["code"], error["first"]) == (
        "duplicate_claim",
        {"id": first["id"], "number": first["number"], "url": f"/api/claims/{first['id']}"},
    )

    sign_in("biller", departments=[make_department("Surgery")])
    error = send(client, {"control_number": "PCN-1", "lines": [LINE]}).json()["error"]
    assert error["code"] == "duplicate_claim"
    assert "first" not in error
    assert first["number"] not in json.dumps(error)
    assert Claim.objects.count() == 1
    assert AuditEntry.objects.filter(action="claim.added", outcome="refused").count() == 2


# Sent twice ------------------------------------------------------------------------------------------


def test_the_same_request_gets_the_same_answer(client: Client, biller: User) -> None:
    body = {"lines": [LINE]}
    first = send(client, body, **{"Idempotency-Key": "k-1"})
    again = send(client, body, **{"Idempotency-Key": "k-1"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
    assert Claim.objects.count() == 1


def test_a_key_is_good_for_one_body_one_address_and_one_person(
    client: Client, biller: User, sign_in: Any, dental: Department
) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = send(client, {"lines": [LINE]}, **key).json()
    other = send(client, {"lines": [LINE, LINE]}, **key)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")

    sign_in("biller", departments=[dental])
    theirs = send(client, {"lines": [LINE]}, **key)
    assert theirs.status_code == 201
    assert theirs.json()["id"] != first["id"]
    assert "Idempotency-Replayed" not in theirs


def test_what_was_refused_may_be_mended_under_the_same_key(client: Client, biller: User) -> None:
    key = {"Idempotency-Key": "k-1"}
    assert send(client, {"lines": []}, **key).status_code == 400
    assert send(client, {"lines": [LINE]}, **key).status_code == 201
    bad = send(client, {"lines": [LINE]}, **{"Idempotency-Key": "k 1"})
    assert list(bad.json()["error"]["fields"]) == ["Idempotency-Key"]


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_under_one_key_make_one_claim() -> None:
    user = make_user("biller", departments=[make_department()])
    headers = bearer(user) | {"Idempotency-Key": "k-1"}

    def send_some(_: int) -> list[Any]:
        return [send(Client(), {"lines": [LINE]}, **headers) for _ in range(5)]

    answers = [answer for sent in at_once(send_some, range(10)) for answer in sent]

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert sum("Idempotency-Replayed" not in answer for answer in answers if answer.status_code == 201) == 1
    assert all("Retry-After" in answer for answer in answers if answer.status_code == 409)
    assert (Claim.objects.count(), IdempotencyKey.objects.count(), OutboxMessage.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_claims_of_mixed_providers_at_once_neither_wait_for_ever_nor_lose_a_cent() -> None:
    user = make_user("biller", departments=[make_department()])
    headers = bearer(user)
    npis = ["1497775530", "1234567893", "1111111112"]

    def send_some(turn: int) -> list[int]:
        statuses = []
        for number in range(6):
            order = [npis[(turn + number + each) % 3] for each in range(3)]
            body = {"payer": f"Payer {number % 2}", "lines": [LINE | {"providerNPI": npi} for npi in order]}
            statuses.append(send(Client(), body, **headers).status_code)
        return statuses

    assert at_once(send_some, range(4)) == [[201] * 6] * 4
    assert provider_fees.miscounted() == {}
    fees = top_providers(make_user("director"), 10)
    assert [(each.net_fee, each.lines) for each in fees] == [
        (24 * ClaimLine.objects.all()[0].net_fee, 24)
    ] * 3


# Reading ---------------------------------------------------------------------------------------------


def test_a_claim_is_shown_with_lines_history_and_patient(
    client: Client, biller: User, dental: Department
) -> None:
    told = send(client, {"patient_id": "P-77", "lines": [LINE]}).json()
    shown = client.get(f"/api/claims/{told['id']}").json()

    assert (shown["number"], shown["charge"], shown["balance"]) == (told["number"], "100.00", "100.00")
    assert (shown["net_fee"], shown["department"]["name"]) == ("14.50", "Dental")
    assert shown["patient"]["patient_id"] == "P-77"
    (line,) = shown["lines"]
    assert (line["subscriber"], line["provider_npi"], line["net_fee"]) == (SUBSCRIBER, "1497775530", "14.50")
    assert [event["to_status"] for event in shown["events"]] == ["submitted"]
    assert AuditEntry.objects.get(action="claim.read").outcome == "done"


def test_a_role_that_works_without_patients_sees_none(client: Client, biller: User, sign_in: Any) -> None:
    told = send(client, {"patient_id": "P-77", "lines": [LINE]}).json()
    ClaimEvent.objects.update(note="Jane called")
    sign_in("analyst")
    response = client.get(f"/api/claims/{told['id']}")
    shown = response.json()

    assert shown["patient"] is None
    assert shown["lines"][0]["subscriber"] is None
    assert shown["events"][0]["note"] is None
    assert not any(each in response.content.decode() for each in (SUBSCRIBER, "P-77", "Jane"))


def test_a_claim_of_another_department_is_as_unknown_as_none(client: Client, biller: User) -> None:
    other = make_claim(department=make_department("Surgery"))
    answers = [client.get(f"/api/claims/{pk}") for pk in (other.pk, "01935f3a-7c1e-7d02-9c55-0a1b2c3d4e5f")]
    change = json.dumps({"status": "denied"})
    answers.append(client.patch(f"/api/claims/{other.pk}", change, content_type="application/json"))

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert AuditEntry.objects.filter(outcome="failed").count() == 3
    other.refresh_from_db()
    assert other.status == "submitted"


def numbers(response: Any) -> list[str]:
    assert response.status_code == 200, response.json()
    return [row["control_number"] for row in response.json()["results"]]


@pytest.fixture
def several(biller: User, dental: Department) -> None:
    payer = make_payer("Northern Dental")
    colleague = make_user("biller", departments=[dental], name="Ben")
    first = date(2026, 10, 1)
    kinds: list[dict[str, Any]] = [
        {"payer": payer, "fees": ["1.00"]},
        {"status": "denied", "denial_category": "coding", "assignee": biller},
        {"kind": "professional", "assignee": colleague, "fees": [("1497775530", "2.00")]},
        {"status": "paid", "service_from": first, "service_to": first + timedelta(days=9)},
    ]
    for number, fields in enumerate(kinds):
        make_claim(
            control_number=f"PCN-{number}",
            department=dental,
            submitted_on=first + timedelta(days=number),
            **fields,
        )
    make_claim(control_number="hidden", department=make_department("Surgery"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "3210"),
        ("status=denied", "1"),
        ("denial_category=coding", "1"),
        ("kind=professional", "2"),
        ("payer=northern dental", "0"),
        ("department=Dental&status=paid", "3"),
        ("assignee=me", "1"),
        ("assignee=Ben", "2"),
        ("assignee=none", "30"),
        ("provider=1497775530", "2"),
        ("control_number=PCN-3", "3"),
        ("control_number=hidden", ""),
        ("submitted_from=2026-10-02&submitted_to=2026-10-03", "21"),
        ("service_from=2026-10-10", "3"),
        ("service_from=2026-10-11", ""),
        ("service_to=2026-10-01", "3"),
        ("sort=number", "0123"),
        ("sort=submitted_on&limit=2", "01"),
        ("sort=-submitted_on", "3210"),
    ],
)
def test_a_list_is_narrowed_and_sorted_as_asked(
    client: Client, several: None, query: str, found: str
) -> None:
    assert numbers(client.get(f"/api/claims/?{query}")) == [f"PCN-{number}" for number in found]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("status=lost", "status"),
        ("status=", "status"),
        ("kind=x", "kind"),
        ("payer=999999", "payer"),
        ("payer=%00", "payer"),
        ("payer=9223372036854775808999", "payer"),
        ("department=Surgery", "department"),
        ("assignee=999999", "assignee"),
        ("provider=1", "provider"),
        ("submitted_from=yesterday", "submitted_from"),
        ("submitted_to=2026-02-30", "submitted_to"),
        ("service_from=２０２６-10-10", "service_from"),
        ("service_to=0000-01-01", "service_to"),
        ("sort=charge", "sort"),
        ("sort=patient__name", "sort"),
        ("status=paid&status=denied", "status"),
        ("patient__name=Jane", "patient__name"),
        ("balance__gt=0", "balance__gt"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(
    client: Client, several: None, query: str, name: str
) -> None:
    response = client.get(f"/api/claims/?{query}")
    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [name]


@pytest.mark.parametrize("sort", ["number", "-number", "submitted_on", "-submitted_on"])
def test_pages_of_every_sort_hold_each_claim_once(
    client: Client, biller: User, dental: Department, sort: str
) -> None:
    for number in range(7):
        make_claim(
            control_number=f"PCN-{number}", department=dental, submitted_on=date(2026, 10, 1 + number // 3)
        )
    url, seen = f"/api/claims/?limit=2&sort={sort}", []
    while url:
        page = client.get(url)
        seen += numbers(page)
        url = page.json()["next"]

    expected = [f"PCN-{number}" for number in range(7)]
    assert seen == (expected[::-1] if sort.startswith("-") else expected)


def test_a_list_tells_of_no_patient_and_leaves_its_mark(
    client: Client, several: None, django_assert_max_num_queries: Any
) -> None:
    Claim.objects.update(patient=make_patient("P-88", name="Doe, Jane"))
    with django_assert_max_num_queries(9):
        response = client.get("/api/claims/?status=submitted")

    assert "patient" not in response.json()["results"][0]
    assert "Jane" not in response.content.decode()
    entry = AuditEntry.objects.get(action="claims.read")
    assert entry.details == {"rows": 2, "narrowed_by": ["status"]}


# Changing --------------------------------------------------------------------------------------------


def test_a_list_shows_claims_as_their_shape_says_it(client: Client, biller: User, dental: Department) -> None:
    day = date(2026, 10, 2)
    full = make_claim(
        department=dental,
        payer=make_payer(),
        provider=make_provider(),
        assignee=biller,
        patient=make_patient(),
        status="denied",
        denial_category="coding",
        first_decision="denied",
        charge=Decimal("100.10"),
        expected=Decimal(0),
        allowed=Decimal("80.00"),
        service_from=day,
        service_to=day,
        first_decided_on=day,
        decided_on=day,
        paid_on=day,
    )
    ClaimLine.objects.create(
        claim=full,
        number=1,
        provider_fees=Decimal(100),
        allowed_fees=Decimal("90.50"),
        coinsurance=Decimal(5),
        copay=Decimal(0),
    )
    make_claim(department=dental)
    context = {"user": biller, "net_fees": {full.pk: Decimal("14.50")}}
    shape = ClaimRow(Claim.objects.order_by("-number"), many=True, context=context)
    results = client.get("/api/claims/").json()["results"]
    assert results == json.loads(json.dumps(shape.data))
    assert [*results[0]] == [*shape.data[0]]
    assert not {*OF_PATIENTS} & {*results[0]}  # so that nothing has to be left out for anybody


def change(client: Client, claim: Claim, **body: Any) -> Any:
    return client.patch(f"/api/claims/{claim.pk}", json.dumps(body), content_type="application/json")


def test_a_status_is_changed_with_its_day_category_and_note(
    client: Client, biller: User, dental: Department
) -> None:
    claim = make_claim(department=dental)
    response = change(
        client, claim, status="denied", on="2026-11-12", denial_category="coding", note="Jane called"
    )
    claim.refresh_from_db()

    assert response.status_code == 200
    assert (response.json()["status"], response.json()["decided_on"]) == ("denied", "2026-11-12")
    assert (claim.status, claim.denial_category, claim.decided_on) == ("denied", "coding", date(2026, 11, 12))
    assert ClaimEvent.objects.get().note == "Jane called"
    assert "Jane" not in json.dumps(list(AuditEntry.objects.values_list("details", flat=True)))


def test_a_status_that_cannot_follow_is_a_conflict_in_words(
    client: Client, biller: User, dental: Department
) -> None:
    claim = make_claim(department=dental, status="written_off")
    response = change(client, claim, status="appealed")
    assert response.status_code == 409
    assert "paid, pending, void, not appealed" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "lost"}, "status"),
        ({"status": "paid", "paid": "5.00"}, "paid"),
        ({"status": "paid", "denial_category": "coding"}, "denial_category"),
        ({"status": "denied", "denial_category": ""}, "denial_category"),
        ({"status": "paid", "on": "soon"}, "on"),
        ({"status": "paid", "on": str(timezone.localdate() + timedelta(days=2))}, "on"),
        ({"status": "paid", "note": "x" * 2_001}, "note"),
        ({"status": "paid", "note": "a\0b"}, "note"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_by_field(
    client: Client, biller: User, dental: Department, body: dict[str, Any], field: str
) -> None:
    response = change(client, make_claim(department=dental), **body)
    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [field]


# Providers -------------------------------------------------------------------------------------------


def test_the_top_is_told_in_exact_amounts(client: Client, sign_in: Any, dental: Department) -> None:
    for number in range(12):
        make_claim(fees=[(f"10000000{number:02}", f"{number}.10")], service_from=date(2026, 10, 1 + number))
    sign_in("director")

    ten = client.get("/api/providers/top10").json()["results"]
    assert len(ten) == 10
    assert ten[0] == {"rank": 1, "npi": "1000000011", "name": "", "net_fee": "11.10", "lines": 1}
    assert len(client.get("/api/providers/top?limit=100").json()["results"]) == 12
    period = client.get("/api/providers/top10?start=2026-10-01&end=2026-10-02").json()["results"]
    assert [each["net_fee"] for each in period] == ["1.10", "0.10"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("top?limit=0", "limit"),
        ("top?limit=101", "limit"),
        ("top?limit=x", "limit"),
        ("top10?limit=5", "limit"),
        ("top?start=1.1.2026", "start"),
        ("top?start=2026-02-01&end=2026-01-01", "end"),
        ("top?npi=1", "npi"),
    ],
)
def test_a_question_about_the_top_that_makes_no_sense_is_named(
    client: Client, sign_in: Any, query: str, name: str
) -> None:
    sign_in("director")
    response = client.get(f"/api/providers/{query}")
    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [name]


def test_the_top_is_limited_to_ten_a_minute(client: Client, sign_in: Any) -> None:
    sign_in("director")
    statuses = [client.get("/api/providers/top10").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    assert client.get("/api/providers/top").status_code == 200


# Patients whom a file brought ------------------------------------------------------------------------


def test_a_patient_whom_nobody_assessed_is_shown_with_nulls(
    client: Client, biller: User, dental: Department
) -> None:
    send(client, {"patient_id": "P-77", "lines": [LINE]})
    shown = client.get("/api/patients/P-77").json()
    page = client.get(f"/patients/{Patient.objects.get().pk}/")

    assert (shown["patient_id"], shown["risk_score"], shown["follow_up"]) == ("P-77", None, "none")
    assert (shown["assessments"], shown["decision_trace"]) == (0, [])
    assert "Not assessed yet" in page.content.decode()
