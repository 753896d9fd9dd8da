"""Payers and providers through CSV: previewed, taken whole or not at all, audited, safe in a spreadsheet."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEntry
from claims.models import Payer, Provider
from rcm_site.testing.makers import make_payer, make_provider

pytestmark = pytest.mark.django_db

PAYERS, PROVIDERS = "/admin/claims/payer/", "/admin/claims/provider/"


@pytest.fixture(autouse=True)
def admin(sign_in: Any) -> Any:
    return sign_in("admin")


def preview(client: Client, address: str, text: str | bytes) -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    sent = {"import_file": SimpleUploadedFile("list.csv", content), "format": "0", "resource": "0"}
    return client.post(f"{address}import/", sent)


def confirm(client: Client, address: str, previewed: Any, **forged: str) -> Any:
    sent = {name: field.value() for name, field in _fields(previewed)}
    return client.post(f"{address}process_import/", sent | forged, follow=True)


def _fields(previewed: Any) -> Any:
    form = previewed.context["confirm_form"]
    return [(name, form[name]) for name in form.fields]


def take_in(client: Client, address: str, text: str) -> Any:
    return confirm(client, address, preview(client, address, text))


def actions() -> list[str]:
    return list(
        AuditEntry.objects.exclude(action__startswith="sign_in")
        .order_by("id")
        .values_list("action", flat=True)
    )


def test_a_preview_shows_what_would_change_and_changes_nothing(client: Client) -> None:
    make_payer("Aetna", appeal_days=90)
    page = preview(client, PAYERS, "Name,Appeal days\nAetna,120\nCigna,60\n").content.decode()
    assert "<del>90</del> <ins>120</ins>" in page
    assert "Added" in page
    assert list(Payer.objects.values_list("name", "appeal_days")) == [("Aetna", 90)]
    assert actions() == []


def test_what_was_confirmed_is_taken_in_and_audited_row_by_row(client: Client) -> None:
    make_payer("Aetna", appeal_days=90, timely_filing_days=100)
    make_payer("Same", appeal_days=60)
    response = take_in(client, PAYERS, "name,appeal_days\nAetna,120\nCigna,60\nSame,60\n")
    assert "1 new, 1 updated" in str(next(iter(response.context["messages"])))
    rows = Payer.objects.values_list("name", "appeal_days", "timely_filing_days", "is_active")
    assert list(rows) == [("Aetna", 120, 100, True), ("Cigna", 60, 365, True), ("Same", 60, 365, True)]
    assert actions() == ["payer.changed", "payer.added", "payer.imported"]
    changed, _, summary = AuditEntry.objects.exclude(action__startswith="sign_in").order_by("id")
    assert changed.details == {"changes": {"appeal_days": [90, 120]}, "through": "import"}
    assert summary.details == {"added": 1, "changed": 1, "unchanged": 1}


@pytest.mark.parametrize(
    ("address", "text", "complaint"),
    [
        (PROVIDERS, "npi,name\n1234567893,Dr A\n123,Dr B\n", "An NPI is 10 digits."),
        (PROVIDERS, "npi,name\n1234567893,Dr A\n１２３４５６７８９３,Dr B\n", "An NPI is 10 digits."),
        (PROVIDERS, "npi,name\n1234567893,Dr A\n1234567893,Dr B\n", "stands in row 2 already"),
        (PROVIDERS, "npi,is_active\n1234567893,maybe\n", "must be yes or no"),
        (PROVIDERS, "npi,name\n1234567893,\u202eDr A\n", "A name is one line of plain text."),
        (PROVIDERS, "npi,salary\n1234567893,1\n", "mean nothing here: salary."),
        (PROVIDERS, "npi,NPI\n1234567893,1234567893\n", "A column is there twice."),
        (PROVIDERS, "name\nDr A\n", "npi"),
        (PAYERS, "name,appeal_days\nAetna,-5\n", "must be a number of days"),
        (PAYERS, "name,appeal_days\nAetna,99999\n", "must be a number of days"),
        (PAYERS, "name\n" + "A" * 201 + "\n", "200 characters"),
        (PAYERS, "name\naetna\nAETNA\n", "stands in row 2 already"),
        (PAYERS, "name\nA\0B\n", ""),
        (PAYERS, b"name\n\xff\xfe\n", "not CSV in UTF-8"),
        (PAYERS, b"name\n" + b"x" * 1_000_001, "larger than 1 MB"),
        (PAYERS, "name\n" + "\n".join(str(number) for number in range(2_001)), "more than 2,000 rows"),
        (PAYERS, "", "empty"),
        (PAYERS, "name\n", "No valid data"),
    ],
    ids=range(18),
)
def test_a_file_with_one_mistake_is_not_taken_at_all(
    client: Client, address: str, text: str | bytes, complaint: str
) -> None:
    page = preview(client, address, text)
    assert page.status_code == 200
    assert complaint in page.content.decode()
    assert page.context.get("confirm_form") is None
    assert not Payer.objects.exists()
    assert not Provider.objects.exists()


def test_a_clash_that_came_after_the_preview_leaves_nothing_half_taken(client: Client) -> None:
    previewed = preview(client, PAYERS, "name,appeal_days\nAetna,10\nCigna,20\n")
    make_payer("CIGNA")
    response = confirm(client, PAYERS, previewed)
    assert "Nothing was taken in" in str(next(iter(response.context["messages"])))
    assert list(Payer.objects.values_list("name", flat=True)) == ["CIGNA"]
    assert actions() == []


@pytest.mark.parametrize(
    "forged", [{"format": "7"}, {"format": "x"}, {"resource": "9"}, {"import_file_name": ""}]
)
def test_what_is_confirmed_is_what_was_previewed(client: Client, forged: dict[str, str]) -> None:
    previewed = preview(client, PAYERS, "name\nAetna\n")
    assert "The preview was lost" in confirm(client, PAYERS, previewed, **forged).content.decode()
    signed = dict(_fields(previewed))["import_file_name"].value()
    for name in (f"{signed}x", "passwd", "../../etc/passwd"):
        assert confirm(client, PAYERS, previewed, import_file_name=name).status_code == 400
    assert not Payer.objects.exists()


def test_an_export_is_safe_in_a_spreadsheet_audited_and_can_be_taken_in_again(client: Client) -> None:
    make_provider("1234567893", name="=HYPERLINK(1)", specialty="Dentist, general")
    make_provider("1000000004", name="O'Neil", is_active=False)
    response = client.get(f"{PROVIDERS}export/")
    assert response.content.decode() == (
        "\ufeffnpi,name,specialty,is_active\r\n"
        "1000000004,O'Neil,,no\r\n"
        '1234567893,\'=HYPERLINK(1),"Dentist, general",yes\r\n'
    )
    assert AuditEntry.objects.get(action="provider.exported").details == {"rows": 2}
    before = list(Provider.objects.values())
    assert "0 new, 0 updated" in str(
        next(iter(take_in(client, PROVIDERS, response.content.decode()).context["messages"]))
    )
    assert list(Provider.objects.values()) == before


def test_an_export_holds_what_the_list_shows(client: Client) -> None:
    make_provider("1234567893", name="Ann")
    make_provider("1000000004", name="Bob")
    assert b"Ann" not in client.get(f"{PROVIDERS}export/?q=Bob").content


@pytest.mark.parametrize("role", ["biller", "director", "auditor"])
def test_only_administrators_import_and_export(client: Client, sign_in: Any, role: str) -> None:
    sign_in(role)
    assert client.get(f"{PAYERS}export/").status_code == 403
    assert preview(client, PAYERS, "name\nAetna\n").status_code == 403
