"""The pages of underpayments: their causes add up to the number, and each is one project to pursue."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Department
from analytics.catalogue import figures
from analytics.causes import by_month
from analytics.kpis import KPIS
from analytics.periods import Period
from analytics.questions import ask
from analytics.scopes import Scope
from analytics.underpaid import Sums, of_cause, reasons, underpaid
from claims.changes import Change
from claims.contracts.causes import CauseKey
from claims.contracts.projects import pursue
from claims.models import Payer, UnderpaymentProject
from claims.tests.remittances import post, remittance
from claims.tests.test_fee_schedules import agree
from claims.tests.test_underpayments import billed, underpay
from rcm_site.testing.makers import make_department, make_payer, make_user

pytestmark = pytest.mark.django_db

DAYS = {"start": "2026-11-01", "end": "2026-11-30"}
PAGE = "/underpayments/"


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def aetna(heart: Department) -> Payer:
    """Two claims of ours short of 99213, one of others, one whose shortfall the law explains."""
    payer = make_payer("Aetna")
    agree(payer, "99213", "110.00")
    underpay(payer, "A-1", "90", day="20261102", department=heart)
    underpay(payer, "A-2", "88", day="20261110", department=heart)
    underpay(payer, "A-3", "70", department=make_department("Bones"))
    underpay(payer, "A-4", "109.50", department=heart)
    billed(payer, ("99213", "", "1"), control_number="A-5", department=heart)
    post(
        remittance(
            *("CLP*A-5*1*200*107.80*0*12*I", "SVC*HC:99213*200*107.80", "CAS*CO*45*90", "CAS*CO*253*2.20"),
            trace="A5",
        )
    )
    return payer


def cause_of(payer: Payer) -> str:
    return f"{PAGE}{payer.pk}/below/"


def test_the_causes_and_the_rest_are_the_number(client: Client, sign_in: Any, aetna: Payer) -> None:
    user = sign_in("director")
    page = client.get(PAGE, DAYS)
    key = CauseKey(aetna.pk, "99213", "", "below")
    (row,) = page.context["causes"].queryset
    assert (row.key, row.claims, row.dollars, row.share) == (key, 3, 82, Decimal(82) / 330)
    proof = {each.label: each.dollars for each in page.context["proof"].queryset}
    assert list(proof.values()) == [82, Decimal("0.50"), Decimal("2.20")]
    period = Period(date(2026, 11, 1), date(2026, 11, 30))
    number = figures([KPIS["underpaid_amount"]], Scope(None), period)["underpaid_amount"]
    assert (number.numerator, number.n) == (sum(proof.values()), 5)
    assert "Aetna pays 99213 24.8% below its fee schedule: $82.00 on 3 claims" in page.content.decode()
    question = ask(user, DAYS | {"payer": str(aetna.pk)}, today=date(2026, 11, 30))
    assert underpaid(question).sums.total == number.numerator
    none = underpaid(ask(user, {"period": "last_month"}, today=date(2026, 11, 30)))
    assert (none.causes, none.sums) == ([], Sums(*[Decimal(0)] * 4))


def test_each_person_sees_the_claims_of_their_departments(
    client: Client, sign_in: Any, aetna: Payer, heart: Department
) -> None:
    sign_in("biller", departments=[heart])
    (row,) = client.get(PAGE, DAYS).context["causes"].queryset
    assert (row.claims, row.dollars) == (2, 42)
    page = client.get(cause_of(aetna), DAYS | {"service": "99213"})
    assert [each.cells[6].text for each in page.context["claims"].rows] == ["$22.00", "$20.00"]
    sign_in("biller", departments=[make_department()])
    assert client.get(PAGE, DAYS).context["causes"].queryset == []
    assert client.get(cause_of(aetna), DAYS | {"service": "99213"}).context["claims"].rows == []


def test_one_cause_tells_since_when_what_was_agreed_and_why(aetna: Payer) -> None:
    director = make_user("director")
    question = ask(director, DAYS, today=date(2026, 11, 30))
    key = CauseKey(aetna.pk, "99213", "", "below")
    parts = of_cause(question, key)
    (month,) = by_month(question.scope, question.period, key)
    assert (month.start, month.claims, month.expected, month.short) == (date(2026, 11, 1), 3, 330, 82)
    (reason,) = reasons(parts, key)
    assert (reason.code, reason.times, reason.dollars) == ("CO-45", 3, 110 + 112 + 130)
    assert "contract" in reason.words


def test_the_causes_and_claims_can_be_had_as_files(client: Client, sign_in: Any, aetna: Payer) -> None:
    sign_in("director")
    text = client.get(PAGE, DAYS | {"export": "causes", "format": "csv"}).getvalue().decode("utf-8-sig")
    assert list(csv.reader(StringIO(text)))[1][:6] == [
        "Aetna",
        "99213",
        "Paid below the fee schedule",
        "3",
        "82.00",
        text.splitlines()[1].split(",")[5],
    ]
    asked = DAYS | {"service": "99213", "export": "claims", "format": "csv"}
    rows = list(csv.reader(StringIO(client.get(cause_of(aetna), asked).getvalue().decode("utf-8-sig"))))
    assert [row[6] for row in rows[1:]] == ["40.00", "22.00", "20.00"]
    proof = client.get(PAGE, DAYS | {"export": "proof", "format": "csv"}).getvalue().decode("utf-8-sig")
    dollars = [row[1] for row in csv.reader(StringIO(proof))]
    assert dollars[0] == "Dollars"
    assert "82.00" in dollars  # a number, for whoever adds up
    assert AuditEntry.objects.filter(action="report.exported").count() == 3


def test_whoever_works_claims_pursues_a_cause_and_others_see_how_far_it_is(
    client: Client, sign_in: Any, aetna: Payer, heart: Department
) -> None:
    biller = sign_in("biller", departments=[heart])
    asked = "?service=99213"
    sent = {"state": "pursued", "owner": str(biller.pk), "note": "Wrote to Ann."}
    response = client.post(f"{cause_of(aetna)}pursue/{asked}", sent)
    assert response["Location"] == f"{cause_of(aetna)}{asked}"
    project = UnderpaymentProject.objects.get()
    assert (project.state, project.owner, project.note) == ("pursued", biller, "Wrote to Ann.")
    page = client.get(cause_of(aetna), DAYS | {"service": "99213"}).content.decode()
    assert "Wrote to Ann." in page
    assert "2, short of $42.00 as they came to it" in page
    entry = AuditEntry.objects.get(action="underpaymentproject.opened")
    assert "Ann" not in str(entry.details)
    sign_in("analyst")
    page = client.get(cause_of(aetna), DAYS | {"service": "99213"}).content.decode()
    assert "3, short of $82.00" in page
    assert "Wrote to Ann." not in page
    assert "Pursued" in client.get(PAGE, DAYS).content.decode()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"state": "recovered"}, "Choose how far"),
        ({"owner": "0"}, "Choose how far"),
        ({"state": "x"}, "Choose"),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: Client, sign_in: Any, aetna: Payer, sent: dict[str, str], words: str
) -> None:
    admin = sign_in("admin")
    whole = {"state": "open", "owner": str(admin.pk), "note": ""} | sent
    response = client.post(f"{cause_of(aetna)}pursue/?service=99213", whole, follow=True)
    assert "Choose how far it is" in response.content.decode()
    assert not UnderpaymentProject.objects.exists()


def test_nobody_pursues_what_they_do_not_see(
    client: Client, sign_in: Any, aetna: Payer, heart: Department
) -> None:
    stranger = sign_in("biller", departments=[make_department()])
    sent = {"state": "open", "owner": str(stranger.pk)}
    assert client.post(f"{cause_of(aetna)}pursue/?service=99213", sent).status_code == 404
    sign_in("coder", departments=[heart])
    assert client.post(f"{cause_of(aetna)}pursue/?service=99213", sent).status_code == 403
    assert not UnderpaymentProject.objects.exists()


@pytest.mark.parametrize(
    "address", ["0/below/", "x/below/", "none/law/", "none/nothing/", "99999999999/below/"]
)
def test_an_address_of_nothing_is_not_found(client: Client, sign_in: Any, address: str) -> None:
    sign_in("admin")
    assert client.get(PAGE + address).status_code == 404


def test_the_pages_ask_the_database_a_bounded_number_of_times(
    client: Client, sign_in: Any, aetna: Payer, django_assert_max_num_queries: Any
) -> None:
    sign_in("director")
    with django_assert_max_num_queries(24):
        assert client.get(PAGE, DAYS).status_code == 200
    with django_assert_max_num_queries(26):
        assert client.get(cause_of(aetna), DAYS | {"service": "99213"}).status_code == 200


# Through the API -------------------------------------------------------------------------------------


def test_the_api_tells_the_same_and_not_twice(client: Client, sign_in: Any, aetna: Payer) -> None:
    director = sign_in("director")
    pursue(
        key=CauseKey(aetna.pk, "99213", "", "below"), owner=director, state="open", change=Change(director)
    )
    response = client.get("/api/underpayments/", DAYS)
    told = response.json()
    names = ("underpaid", "worth_pursuing", "within_tolerance", "set_off", "by_law")
    assert [told[name] for name in names] == ["84.70", "82.00", "0.50", "0.00", "2.20"]
    assert told["results"] == [
        {
            "payer": {"id": aetna.pk, "name": "Aetna"},
            "procedure": "99213",
            "modifiers": "",
            "cause": "below",
            "claims": 3,
            "short": "82.00",
            "expected": "330.00",
            "short_percent": "24.8485",
            "first_paid_on": "2026-11-02",
            "last_paid_on": "2026-11-10",
            "project": "open",
        }
    ]
    again = client.get("/api/underpayments/", DAYS, headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_the_api_tells_a_manager_of_their_departments(
    client: Client, sign_in: Any, aetna: Payer, heart: Department
) -> None:
    sign_in("manager", departments=[heart])
    told = client.get("/api/underpayments/", DAYS).json()
    assert (told["underpaid"], told["results"][0]["claims"]) == ("44.70", 2)
