"""Sending files and watching them come in: what each page says, to whom, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from claims.imports import loading
from claims.models import Claim, Import, ImportProblem
from rcm_site.testing.makers import make_claim, make_department, make_import, make_user

pytestmark = pytest.mark.django_db

HEAD = "patient id,procedure code,payer,expected amount,status,submitted,external id\n"
GOOD = HEAD + "P-1,99213,Northern Health,120.00,submitted,2026-02-03,X-1\n"
BROKEN = GOOD + "P-SECRET,99213,Northern Health,12o.00,submitted,2026-02-03,X-2\n"


def csv(text: str = GOOD, name: str = "claims.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(), content_type="text/csv")


def send(client: Client, *files: SimpleUploadedFile, **asked: Any) -> Any:
    alone = asked.pop("alone", False)
    headers = {"HX-Request": "true"} if alone else {}
    return client.post(
        reverse("upload"), {"file": list(files), "taking": "good"} | asked, headers=headers, follow=not alone
    )


@pytest.fixture
def biller(sign_in: Callable[..., User]) -> User:
    return sign_in(make_user("biller", departments=[make_department("Cardiology")]))


# Sending -------------------------------------------------------------------------------------------


def test_a_file_is_taken_and_its_page_shown(client: Client, biller: User) -> None:
    response = send(client, csv())
    source = Import.objects.get()
    assert response.redirect_chain[-1][0] == reverse("import", args=[source.pk])
    assert "claims.csv is here and will be read now." in response.content.decode()
    assert source.sent_by == biller


def test_each_of_several_files_has_its_own_answer(client: Client, biller: User) -> None:
    response = send(client, csv(), csv("%PDF-1.7 x", "scan.pdf"), csv(GOOD + "\n", "again.csv"))
    page = response.content.decode()
    assert response.status_code == 200
    assert Import.objects.count() == 2
    assert "The file is a PDF: send the file that it was made of." in page
    assert page.count("Watch it come in") == 2


def test_a_missing_column_is_named_with_its_place(client: Client, biller: User) -> None:
    response = send(
        client, csv("patient id,payer,status,submitted,expected amount\nP-1,A,paid,2026-01-01,1\n")
    )
    assert response.status_code == 400
    assert "Line 1: the header lacks procedure code." in response.content.decode()


def test_a_file_of_one_column_is_not_taken_for_a_kind_that_it_is_not(client: Client, biller: User) -> None:
    response = send(client, csv("claim\nC-1\n"))
    assert "no file of claims, remittances or activity with a header" in response.content.decode()


def test_a_header_alone_is_not_said_to_have_come_in(client: Client, biller: User) -> None:
    send(client, csv(HEAD))
    source = Import.objects.get()
    loading.load(source)
    page = client.get(reverse("import", args=[source.pk])).content.decode()
    assert "Nothing came in: no claim, payment or action is in it." in page
    assert "Everything in it was taken." not in page


def test_a_file_that_breaks_off_is_told_in_one_sentence(client: Client, biller: User) -> None:
    send(client, csv("ISA*00*", name="cut.x12"))
    source = Import.objects.get()
    loading.load(source)
    page = client.get(reverse("import", args=[source.pk])).content.decode()
    assert "divide segments and elements." in page
    assert "elements.." not in page


def test_the_same_file_again_leads_to_the_first_and_can_be_sent_again(client: Client, biller: User) -> None:
    send(client, csv())
    first = Import.objects.get()
    refused = send(client, csv(name="copy.csv"), alone=True)
    assert refused.status_code == 409
    assert reverse("import", args=[first.pk]) in refused.content.decode()
    again = send(client, csv(name="copy.csv"), again="on", alone=True)
    assert again.status_code == 200
    assert Import.objects.get(name="copy.csv").repeats == first


def test_a_file_that_is_too_large_is_answered_413(client: Client, biller: User, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 100
    response = send(client, csv(GOOD * 2), alone=True)
    assert response.status_code == 413
    assert "Split it" in response.content.decode()
    assert not Import.objects.exists()


def test_a_person_sends_only_for_their_own_departments(client: Client, biller: User) -> None:
    other = make_department("Oncology")
    assert "Oncology" not in client.get(reverse("upload")).content.decode()
    response = send(client, csv(), department=other.pk, alone=True)
    assert response.status_code == 400
    assert "Department" in response.content.decode()
    assert not Import.objects.exists()


def test_what_the_sender_says_of_a_file_is_kept(client: Client, biller: User) -> None:
    own = biller.departments.get()
    asked = {"department": own.pk, "kind": "claims", "taking": "whole", "sender": "Northside"}
    send(client, csv(), **asked, grouping="row", claim_kind="dental")
    source = Import.objects.get()
    assert (source.department, source.kind, source.taking) == (own, "claims", "whole")
    assert (source.sender, source.grouping, source.claim_kind) == ("Northside", "row", "dental")


def test_nothing_chosen_is_asked_for(client: Client, biller: User) -> None:
    response = client.post(reverse("upload"), {"taking": "good"})
    assert response.status_code == 400
    assert "Choose at least one file." in response.content.decode()


# One file ------------------------------------------------------------------------------------------


def test_what_was_refused_is_shown_downloaded_mended_and_sent_again(client: Client, biller: User) -> None:
    send(client, csv(BROKEN, "february.csv"))
    loading.load_waiting(seconds=30)
    source = Import.objects.get()
    page = client.get(reverse("import", args=[source.pk])).content.decode()
    assert "1 refused: mend and send them again." in page
    assert "Line 3" in page
    assert "P-SECRET" not in page
    download = client.get(reverse("refused_csv", args=[source.pk]))
    assert download["Content-Disposition"] == 'attachment; filename="refused-february.csv"'
    assert AuditEntry.objects.filter(action="import.refused_rows_exported", subject_id=source.pk).exists()
    rows = download.getvalue().decode("utf-8-sig")
    assert rows.splitlines() == [
        HEAD.strip(),
        "P-SECRET,99213,Northern Health,12o.00,submitted,2026-02-03,X-2",
    ]
    send(client, csv(rows.replace("12o.00", "120.00"), "mended.csv"))
    loading.load_waiting(seconds=30)
    assert sorted(Claim.objects.values_list("control_number", flat=True)) == ["X-1", "X-2"]


def test_what_was_refused_of_json_is_mended_in_the_file_itself(client: Client, biller: User) -> None:
    send(client, csv('[{"external_id": "X-1", "lines": []}]', "claims.json"))
    loading.load_waiting(seconds=30)
    source = Import.objects.get()
    assert (source.state, source.refused) == ("done", 1)
    page = client.get(reverse("import", args=[source.pk])).content.decode()
    assert "Mend the file itself and send it again" in page
    assert reverse("refused_csv", args=[source.pk]) not in page


def test_the_rows_are_on_the_trail_before_the_first_byte(client: Client, biller: User) -> None:
    send(client, csv(BROKEN))
    client.get(reverse("refused_csv", args=[Import.objects.get().pk]))  # whose answer is never read
    assert AuditEntry.objects.filter(action="import.refused_rows_exported").count() == 1


def test_a_file_taken_whole_is_to_be_sent_whole_again(client: Client, biller: User) -> None:
    send(client, csv(BROKEN), taking="whole")
    loading.load_waiting(seconds=30)
    source = Import.objects.get()
    page = client.get(reverse("import", args=[source.pk])).content.decode()
    assert source.state == "refused"
    assert "send all of it again" in page
    assert "only what was refused is in it" not in page


def test_a_file_that_is_no_longer_kept_is_told(client: Client, biller: User) -> None:
    source = make_import(biller, refused=1)
    address = reverse("refused_csv", args=[source.pk])
    assert address not in client.get(reverse("import", args=[source.pk])).content.decode()
    page = client.get(address, follow=True).content.decode()
    assert "The file itself is no longer kept" in page


def test_a_running_file_asks_again_and_a_finished_one_does_not(client: Client, biller: User) -> None:
    source = make_import(biller, state="running", size=1000, bytes_done=420, seconds=2, claims_stored=84)
    address = reverse("import", args=[source.pk])
    assert 'hx-trigger="every 2s"' in client.get(address).content.decode()
    piece = client.get(address, headers={"HX-Request": "true"})
    assert piece.status_code == 200
    assert "42 records a second" in piece.content.decode()
    assert 'value="42"' in piece.content.decode()
    Import.objects.filter(pk=source.pk).update(state="done")
    last = client.get(address, headers={"HX-Request": "true"})
    assert last.status_code == 286
    assert 'id="problems"' in last.content.decode()
    assert "hx-trigger" not in client.get(address).content.decode()


def test_an_import_is_paused_resumed_and_cancelled(client: Client, biller: User) -> None:
    source = make_import(biller, state="waiting")
    for name, state in (
        ("pause_import", "paused"),
        ("resume_import", "waiting"),
        ("cancel_import", "cancelled"),
    ):
        client.post(reverse(name, args=[source.pk]))
        source.refresh_from_db()
        assert source.state == state
    page = client.post(reverse("pause_import", args=[source.pk]), follow=True).content.decode()
    assert "Only an import that waits or runs can be paused" in page


def test_cancelling_asks_first(client: Client, biller: User) -> None:
    source = make_import(biller, state="running")
    page = client.get(reverse("cancel_import", args=[source.pk])).content.decode()
    assert "What was stored of this file stays" in page
    source.refresh_from_db()
    assert source.state == "running"


def test_a_duplicate_leads_to_the_first_claim_unless_it_is_another_departments(
    client: Client, biller: User
) -> None:
    own = make_claim(department=biller.departments.get())
    foreign = make_claim(department=make_department("Oncology"))
    source = make_import(biller, duplicates=2)
    for place, first in ((2, own), (3, foreign)):
        ImportProblem.objects.create(
            source=source, place=place, reason="is here", severity="duplicate", first_claim=first
        )
    page = client.get(reverse("import", args=[source.pk])).content.decode()
    assert str(own) in page
    assert str(foreign) not in page
    assert str(foreign.pk) not in page
    rows = client.get(reverse("problems_csv", args=[source.pk])).getvalue().decode()
    assert str(own) in rows
    assert str(foreign) not in rows


def test_problems_are_narrowed_by_their_outcome(client: Client, biller: User) -> None:
    source = make_import(biller, refused=1, warnings=1)
    ImportProblem.objects.create(source=source, place=2, reason="must be a date", severity="error")
    ImportProblem.objects.create(source=source, place=3, reason="is not read", severity="warning")
    address = reverse("import", args=[source.pk])
    page = client.get(address + "?severity=warning").content.decode()
    assert "Is not read" in page
    assert "Must be a date" not in page
    assert "Must be a date" in client.get(address + "?severity=nonsense").content.decode()


def test_a_name_of_a_file_is_only_text(client: Client, biller: User) -> None:
    source = make_import(biller, name="<script>alert(1)</script>.csv")
    for address in (reverse("imports"), reverse("import", args=[source.pk])):
        assert "<script>alert" not in client.get(address).content.decode()


def test_another_departments_file_is_not_there(client: Client, biller: User) -> None:
    source = make_import(make_user("biller"), department=make_department("Oncology"), kind="claims")
    for name in ("import", "refused_csv", "problems_csv"):
        assert client.get(reverse(name, args=[source.pk])).status_code == 404
    for name in ("pause_import", "resume_import", "cancel_import"):
        assert client.post(reverse(name, args=[source.pk])).status_code == 404
    assert source.name not in client.get(reverse("imports")).content.decode()


# All files -----------------------------------------------------------------------------------------


def test_the_list_narrows_by_state_and_polls_only_while_something_moves(client: Client, biller: User) -> None:
    make_import(biller, name="old.csv")
    running = make_import(biller, name="new.csv", state="running", size=100, bytes_done=25)
    page = client.get(reverse("imports")).content.decode()
    assert "Running 25%" in page
    assert 'hx-trigger="every 3s"' in page
    done = client.get(reverse("imports"), {"state": "done"}).content.decode()
    assert "old.csv" in done
    assert "new.csv" not in done
    Import.objects.filter(pk=running.pk).update(state="done")
    assert client.get(reverse("imports"), headers={"HX-Request": "true"}).status_code == 286


def test_the_list_asks_the_same_few_questions_of_any_number_of_files(
    client: Client, biller: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        make_import(make_user("biller"), department=biller.departments.get(), state="running")
    with django_assert_max_num_queries(10):
        client.get(reverse("imports"))


def test_a_files_page_asks_the_same_few_questions_of_any_number_of_problems(
    client: Client, biller: User, django_assert_max_num_queries: Any
) -> None:
    source = make_import(biller, duplicates=20)
    claim = make_claim(department=biller.departments.get())
    for place in range(20):
        ImportProblem.objects.create(
            source=source, place=place, reason="is here", severity="duplicate", first_claim=claim
        )
    with django_assert_max_num_queries(12):
        client.get(reverse("import", args=[source.pk]))
