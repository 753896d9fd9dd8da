"""Lists taken out as files: whole and in order, for their owner alone, with the rights of the moment."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import AuditEntry, Department, User
from analytics.catalogue import KPIS
from analytics.drilldown import Part
from analytics.exports import asking, handing_over, kinds, making
from analytics.exports.handing_over import NotKept
from analytics.exports.making import LostHold, Maker
from analytics.models import Export, ExportPiece
from analytics.questions import ask
from claims.bulk import insert_bytes
from claims.models import Claim, Patient
from rcm_site.models import Heartbeat
from rcm_site.testing.makers import make_claim, make_department, make_patient, make_payer, make_user

pytestmark = pytest.mark.django_db

HOSTILE = '=HYPERLINK("http://evil.example","x")'
SignIn = Callable[..., User]


@pytest.fixture
def cardiology() -> Department:
    return make_department("Cardiology")


@pytest.fixture
def biller(cardiology: Department) -> User:
    return make_user("biller", departments=[cardiology])


@pytest.fixture
def claims(cardiology: Department) -> list[Claim]:
    """Seven, one of them denied, of a patient with a hostile name."""
    patient = make_patient("P-77", name=HOSTILE, departments=[cardiology])
    payer = make_payer("+Plus Health")
    made = [
        make_claim(department=cardiology, patient=patient, payer=payer, fees=[f"{n}.50"], kind="dental")
        for n in range(6)
    ]
    return [*made, make_claim(department=cardiology, patient=patient, status="denied", charge=Decimal(9))]


@pytest.fixture
def everything_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.pages.exports.ROWS_AT_ONCE", 0)


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def rows(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))


def ordered(owner: User, file_format: str = "csv", kind: str = "claims", **asked: str) -> Export:
    return asking.ask_for(owner, kind, file_format, asked)


def made(export: Export) -> Export:
    making.make_waiting(seconds=30)
    export.refresh_from_db()
    return export


def file_of(export: Export) -> bytes:
    return b"".join(handing_over.hand_over(export, now=timezone.now()))


# At once -------------------------------------------------------------------------------------------


def test_a_short_list_comes_at_once_narrowed_and_sorted_as_its_page(
    client: Client, sign_in: SignIn, biller: User, claims: list[Claim]
) -> None:
    make_claim(department=make_department("Imaging"))
    sign_in(biller)
    page = client.get("/claims/?status=submitted&sort=charge")
    address = page.context["table"].export_url
    found = rows(content(client.get(f"{address}&format=csv")))
    assert [row["Claim"] for row in found] == [str(each) for each in claims[:6]]
    assert found[1]["Charge"] == "1.50"
    assert found[1]["Patient number"] == "P-77"
    entry = AuditEntry.objects.get(action="claims.exported")
    assert (entry.actor, entry.details["rows"], entry.details["filters"]) == (biller, 6, ["sort", "status"])


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_nothing_that_somebody_typed_runs_in_a_spreadsheet(
    client: Client, sign_in: SignIn, biller: User, claims: list[Claim], file_format: str
) -> None:
    sign_in(biller)
    file = content(client.get(f"/exports/new/claims/?format={file_format}"))
    if file_format == "csv":
        cells = [cell for row in csv.reader(io.StringIO(file.decode("utf-8-sig"))) for cell in row]
        assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "@", "\t"))]
        assert f"'{HOSTILE}" in cells
        return
    sheet = load_workbook(io.BytesIO(file)).worksheets[0]
    by_heading = {str(heading.value): cell for heading, cell in zip(sheet[1], sheet[3], strict=True)}
    assert by_heading["Patient"].value == f"'{HOSTILE}"
    assert by_heading["Payer"].value == "'+Plus Health"
    assert by_heading["Charge"].value == 5.5
    assert by_heading["Submitted"].value.date() == timezone.localdate()
    assert not [cell for row in sheet for cell in row if cell.data_type == "f"]


def test_a_sheet_says_what_it_shows_for_whom_and_when(
    client: Client, sign_in: SignIn, biller: User, claims: list[Claim]
) -> None:
    sign_in(biller)
    book = load_workbook(io.BytesIO(content(client.get("/exports/new/claims/?status=denied&format=xlsx"))))
    assert book.sheetnames == ["Claims", "About"]
    said = {row[0].value: row[1].value for row in book["About"]}
    assert (said["Filters"], said["Rows"], said["For"]) == ("Status: Denied", 1, biller.name)


def test_roles_that_work_without_patients_get_no_column_of_them(
    client: Client, sign_in: SignIn, claims: list[Claim]
) -> None:
    analyst = sign_in("analyst")
    file = content(client.get("/exports/new/claims/?format=csv"))
    assert len(rows(file)) == 7
    assert "Patient" not in rows(file)[0]
    assert b"HYPERLINK" not in file
    export = made(ordered(analyst))
    assert b"HYPERLINK" not in file_of(export)
    assert not export.has_patients


@pytest.mark.parametrize("part", Part)
def test_the_claims_behind_a_number_are_exactly_those_that_it_counts(
    client: Client, sign_in: SignIn, biller: User, claims: list[Claim], part: Part
) -> None:
    sign_in(biller)
    make_claim(department=claims[0].department, status="paid", paid_on=timezone.localdate(), charge=1)
    address = f"/exports/new/kpi/?kpi=denial_rate&part={part}&period=last_30_days&format=csv"
    found = {row["Claim"] for row in rows(content(client.get(address)))}
    question = ask(biller, {"period": "last_30_days"}, today=timezone.localdate())
    counted = KPIS["denial_rate"].claims(question.scope, question.period, part)
    assert found == {str(claim) for claim in counted}
    assert len(found) == (1 if part == Part.INTEREST else 2)


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("claims/?start=2026-02-31", "Start"),
        ("kpi/?kpi=nothing", "Kpi"),
        ("kpi/?kpi=denial_rate&department=Nowhere", "Department"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(
    client: Client, sign_in: SignIn, address: str, named: str
) -> None:
    sign_in("director")
    response = client.get(f"/exports/new/{address}&format=csv")
    assert response.status_code == 400
    assert named in response.content.decode()


def test_a_list_that_one_may_not_see_is_refused_as_a_file_too(client: Client, sign_in: SignIn) -> None:
    analyst = sign_in("analyst")
    assert client.get("/exports/new/remittances/?format=csv").status_code == 403
    assert AuditEntry.objects.filter(actor=analyst, action="export.asked", outcome="refused").exists()
    assert client.get("/exports/new/people/?format=csv").status_code == 404


# In the background ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("everything_is_long")
def test_a_long_list_is_made_once_it_is_confirmed_and_fetched_from_its_page(
    client: Client, sign_in: SignIn, biller: User, claims: list[Claim]
) -> None:
    sign_in(biller)
    address = "/exports/new/claims/?status=submitted&format=csv"
    assert "Make the file" in client.get(address).content.decode()
    assert not Export.objects.exists()
    assert client.post(address)["Location"] == "/exports/"
    waiting = client.get("/exports/", headers={"HX-Request": "true"})
    assert (waiting.status_code, "Waiting" in waiting.content.decode()) == (200, True)
    export = made(Export.objects.get())
    assert (export.state, export.rows_written, export.rows_expected) == ("done", 6, 6)
    over = client.get("/exports/", headers={"HX-Request": "true"})
    assert (over.status_code, f"/exports/{export.pk}/file" in over.content.decode()) == (286, True)
    response = client.get(f"/exports/{export.pk}/file")
    file = content(response)
    assert len(file) == export.size == int(response["Content-Length"])
    assert [row["Claim"] for row in rows(file)] == [str(each) for each in reversed(claims[:6])]
    trail = AuditEntry.objects.filter(action__startswith="export.").order_by("id")
    assert [entry.action for entry in trail] == ["export.asked", "export.made", "export.taken"]
    assert all(entry.actor == biller for entry in trail)


def test_the_page_says_when_no_worker_is_there_to_make_what_waits(
    client: Client, sign_in: SignIn, biller: User, claims: list[Claim]
) -> None:
    sign_in(biller)
    export = ordered(biller)

    def said() -> str:
        return client.get("/exports/").content.decode()

    assert "No worker answers: it is made as soon as one does" in said()
    Heartbeat.objects.beat("worker")
    assert "Waits for a worker" in said()
    held = making.take(timezone.now())  # a worker that makes a long file
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=5))
    assert "Being made" in said()
    ordered(biller, status="paid")
    assert "Waits for a worker" in said()
    Export.objects.filter(pk=export.pk).update(held_until=timezone.now())  # and was killed
    assert held == export
    assert "Broken off. No worker answers" in said()
    Export.objects.filter(pk=export.pk).update(held_by=None)
    assert made(export).state == "done"


def test_a_file_of_many_pieces_is_the_same_as_one_made_at_once(
    biller: User, claims: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "BLOCK", 100)
    export = made(ordered(biller))
    assert export.pieces_written > 10
    listing = kinds.listed(biller, "claims", {}, timezone.localdate())
    assert len(rows(file_of(export))) == len(listing.keys(100)) == 7
    stored = b"".join(bytes(piece.content) for piece in ExportPiece.objects.all())
    assert b"Control number" not in stored  # what is encrypted has no spaces
    assert b"HYPERLINK" not in stored
    with_new_keys = ExportPiece.objects.earliest("number").content
    call_command("rotate_keys", verbosity=0)
    assert ExportPiece.objects.earliest("number").content != with_new_keys
    assert len(rows(file_of(export))) == 7


def test_a_piece_is_kept_byte_for_byte_and_once(biller: User) -> None:
    piece = (ordered(biller).pk, 0, bytes(range(256)))
    insert_bytes(ExportPiece, ("export_id", "number", "content"), [piece])
    assert bytes(ExportPiece.objects.get().content) == piece[2]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_bytes(ExportPiece, ("export_id", "number", "content"), [piece])


def test_what_was_searched_for_is_kept_encrypted(biller: User) -> None:
    export = ordered(biller, number="Miller, Ana")
    stored = Export.objects.filter(pk=export.pk).extra(select={"raw": "asked"}).values_list("raw", flat=True)
    assert "Miller" not in stored[0]
    assert asking.parameters(Export.objects.get()) == {"number": "Miller, Ana"}
    assert "Miller" not in str(AuditEntry.objects.get(action="export.asked").details)


def test_asking_again_while_a_file_is_under_way_gives_the_same_one(biller: User) -> None:
    first = ordered(biller, status="denied")
    assert ordered(biller, status="denied") == first
    assert ordered(biller, "xlsx", status="denied") != first
    made(first)
    assert ordered(biller, status="denied") != first


def test_nobody_waits_for_more_than_three_files(client: Client, sign_in: SignIn, biller: User) -> None:
    sign_in(biller)
    for status in ("denied", "paid", "void"):
        ordered(biller, status=status)
    with pytest.raises(asking.TooMany):
        ordered(biller)
    ordered(make_user("director"))
    asking.cancel(Export.objects.visible_to(biller).earliest("asked_at"), actor=biller)
    ordered(biller)


def test_more_rows_than_a_file_may_have_are_refused_with_the_way_out(
    biller: User, claims: list[Claim], settings: Any
) -> None:
    settings.EXPORT_MAX_ROWS = 3
    export = made(ordered(biller))
    assert (export.state, export.reason) == ("failed", "More than 3 rows: narrow the list.")


# For its owner alone, with the rights of the moment ------------------------------------------------


def test_somebody_elses_file_is_as_unknown_as_one_that_does_not_exist(
    client: Client, sign_in: SignIn, biller: User, claims: list[Claim]
) -> None:
    export = made(ordered(biller))
    waiting = ordered(biller, status="paid")
    admin = sign_in("admin")
    for address in (f"/exports/{export.pk}/file", f"/exports/{waiting.pk}/cancel/"):
        assert client.get(address).status_code == 404
        assert client.post(f"/exports/{waiting.pk}/cancel/").status_code == 404
    assert str(export.pk) not in client.get("/exports/").content.decode()
    assert AuditEntry.objects.filter(actor=admin, action="export.taken", outcome="failed").count() == 4
    waiting.refresh_from_db()
    assert waiting.state == "waiting"


def lock_out(owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)


def take_role(owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(role="auditor")


@pytest.mark.parametrize("lose", [lock_out, take_role])
def test_whoever_lost_the_right_between_asking_and_making_gets_nothing(
    biller: User, claims: list[Claim], lose: Callable[[User], None]
) -> None:
    export = ordered(biller)
    lose(biller)
    made(export)
    assert (export.state, export.reason) == ("failed", "You may no longer see this list.")
    assert not ExportPiece.objects.exists()


def test_a_department_taken_away_before_the_making_is_not_in_the_file(
    biller: User, claims: list[Claim]
) -> None:
    imaging = make_department("Imaging")
    kept = make_claim(department=imaging)
    biller.departments.add(imaging)
    export = ordered(biller)
    biller.departments.set([imaging])
    made(export)
    assert [row["Claim"] for row in rows(file_of(export))] == [str(kept)]


def test_rights_that_change_while_a_file_is_made_end_it(
    biller: User, claims: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "BLOCK", 100)
    export = ordered(biller)
    held = making.take(timezone.now())
    assert held is not None
    written = making.pieces

    def losing(chunks: Iterator[bytes]) -> Iterator[bytes]:
        for number, piece in enumerate(written(chunks)):
            if number == 3:
                biller.departments.clear()
            yield piece

    monkeypatch.setattr(making, "pieces", losing)
    Maker(held).make()
    export.refresh_from_db()
    assert (export.state, export.reason) == ("failed", "What you may see has changed meanwhile: ask again.")
    assert not ExportPiece.objects.exists()


def lose_department(owner: User) -> None:
    owner.departments.clear()


def work_without_patients(owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(role="analyst")


@pytest.mark.parametrize("lose", [lose_department, work_without_patients])
def test_a_file_made_with_rights_that_its_owner_lost_is_not_handed_over(
    client: Client, sign_in: SignIn, biller: User, claims: list[Claim], lose: Callable[[User], None]
) -> None:
    export = made(ordered(biller))
    lose(biller)
    sign_in(User.objects.get(pk=biller.pk))
    response = client.get(f"/exports/{export.pk}/file", follow=True)
    assert "may no longer see" in response.content.decode()
    assert AuditEntry.objects.filter(action="export.taken", outcome="refused").exists()


# Its end -------------------------------------------------------------------------------------------


def test_a_file_is_kept_for_a_day_and_remembered_for_thirty(biller: User, claims: list[Claim]) -> None:
    export = made(ordered(biller))
    assert export.finished_at is not None
    hours = timedelta(hours=1)
    assert handing_over.forget(export.finished_at + 23 * hours) == 0
    assert file_of(export)
    with pytest.raises(NotKept):
        handing_over.hand_over(export, now=export.finished_at + 25 * hours)
    assert handing_over.forget(export.finished_at + 25 * hours) > 0
    assert not ExportPiece.objects.exists()
    assert Export.objects.exists()
    handing_over.forget(export.finished_at + 31 * 24 * hours)
    assert not Export.objects.exists()


def test_cancelling_stops_whoever_works_on_it_and_keeps_nothing(
    client: Client, sign_in: SignIn, biller: User, claims: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "BLOCK", 100)
    sign_in(biller)
    export = ordered(biller)
    held = making.take(timezone.now())
    assert held is not None
    written = making.pieces

    def cancelled(chunks: Iterator[bytes]) -> Iterator[bytes]:
        for number, piece in enumerate(written(chunks)):
            if number == 3:
                client.post(f"/exports/{export.pk}/cancel/")
            yield piece

    monkeypatch.setattr(making, "pieces", cancelled)
    with pytest.raises(LostHold):
        Maker(held).make()
    export.refresh_from_db()
    assert export.state == "cancelled"
    assert not ExportPiece.objects.exists()
    assert making.make_waiting(seconds=1) == 0


def test_a_worker_that_wakes_up_too_late_writes_nothing(biller: User, claims: list[Claim]) -> None:
    export = ordered(biller)
    slow = making.take(timezone.now())
    assert slow is not None
    assert making.take(timezone.now()) is None
    quick = making.take(timezone.now() + kinds.LEASE)
    assert quick is not None
    Maker(quick).make()
    with pytest.raises(LostHold):
        Maker(slow).make()
    export.refresh_from_db()
    assert len(rows(file_of(export))) == 7


def test_what_broke_off_three_times_is_given_up(biller: User) -> None:
    export = ordered(biller)
    now = timezone.now()
    for turn in range(3):
        assert making.take(now + turn * kinds.LEASE) is not None
    held = making.take(now + 3 * kinds.LEASE)
    assert held is not None
    Maker(held).make()
    export.refresh_from_db()
    assert (export.state, "three times" in export.reason) == ("failed", True)


def test_the_days_asked_for_are_those_of_the_day_of_asking(biller: User, claims: list[Claim]) -> None:
    """Whoever asks before midnight and whose file is made after it."""
    export = ordered(biller, kind="kpi", kpi="denial_rate", period="this_month", part="interest")
    Export.objects.update(asked_on=date(2020, 1, 31))
    made(export)
    assert (export.state, export.rows_written) == ("done", 0)


def test_a_patient_met_again_after_others_is_named_again(
    biller: User, claims: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claims.lists.ROWS_AT_ONCE", 2)
    monkeypatch.setattr("claims.lists.NAMES_KEPT", 1)
    other = Patient.objects.create(patient_id="P-2", name="Other, One")
    claims[2].patient = other
    claims[2].save()
    found = rows(file_of(made(ordered(biller))))
    assert {row["Claim"]: row["Patient number"] for row in found} == {
        str(each): "P-2" if each == claims[2] else "P-77" for each in claims
    }
