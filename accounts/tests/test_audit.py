"""The audit trail: what it records, and that nothing in it can be changed unnoticed."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from accounts import audit
from accounts.models import AuditEntry, AuditSeal
from rcm_site.testing.makers import make_user

pytestmark = pytest.mark.django_db


def make_entries(number: int = 5) -> list[AuditEntry]:
    return [audit.record("tester", "thing.done", step=step) for step in range(number)]


def tamper(sql: str, *params: Any) -> None:
    """Change the trail as somebody with the database's owner role could: with the triggers off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with pending checks cannot be altered
            for table in ("accounts_auditentry", "accounts_auditseal"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute(sql, params)


# Recording -----------------------------------------------------------------------------------------


def test_an_entry_says_who_what_when_and_from_where(rf: RequestFactory) -> None:
    user = make_user("manager")
    entry = audit.record(
        user, "user.invited", user, request=rf.get("/", REMOTE_ADDR="192.0.2.7"), note="hello"
    )
    entry.refresh_from_db()
    assert (entry.actor, entry.actor_name, entry.action) == (user, user.email, "user.invited")
    assert (entry.subject_type, entry.subject_id) == ("accounts.user", str(user.pk))
    assert (entry.address, entry.outcome, entry.details) == ("192.0.2.7", "done", {"note": "hello"})


def test_what_a_database_cannot_store_does_not_keep_an_entry_from_being_written() -> None:
    entry = audit.record("a\0b\ud800", "sign_in.failed", typed="x\0y\udfff", deep=[{"k\0": "\ud800"}])
    entry.refresh_from_db()
    assert entry.actor_name == "ab?"
    assert entry.details == {"typed": "xy?", "deep": [{"k": "?"}]}
    assert audit.signature(entry) == entry.mac


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, "not-an-address", "10.0.0.1"),
        (1, "2001:DB8::1", "2001:db8::1"),
    ],
)
def test_the_address_is_counted_from_the_right_past_our_own_proxies(
    rf: RequestFactory, settings: Any, proxies: int, forwarded: str, seen: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert audit.client_address(rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)) == seen


def test_a_secret_field_is_named_but_its_values_are_not() -> None:
    user = make_user(name="Old Name")
    changed = audit.changes(user, {"name": "New Name", "password": "new-hash"})
    assert changed == {"name": ["Old Name", "New Name"], "password": []}


# Append-only ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["accounts_auditentry", "accounts_auditseal"])
@pytest.mark.parametrize("change", ["UPDATE {} SET mac = 'x'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_or_delete(table: str, change: str) -> None:
    make_entries(1)
    audit.seal()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format(table))


def test_sqlite_refuses_to_replace_what_is_there() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("REPLACE is SQLite's")
    make_entries(1)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("REPLACE INTO accounts_auditentry SELECT * FROM accounts_auditentry")


def test_the_database_refuses_to_empty_the_trail_at_once() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("TRUNCATE is PostgreSQL's")
    make_entries(1)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE accounts_auditentry CASCADE")


# Sealing and verifying -------------------------------------------------------------------------------


def test_an_untouched_trail_holds() -> None:
    make_entries(3)
    assert audit.seal() == 3
    make_entries(2)
    assert audit.verify() == audit.Verdict(checked=3, unsealed=2, problems=[])
    assert audit.seal() == 2
    assert audit.seal() == 0
    assert audit.verify() == audit.Verdict(checked=5, unsealed=0, problems=[])


def test_sealing_goes_on_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "BATCH", 2)
    make_entries(5)
    assert audit.seal() == 5
    assert list(AuditSeal.objects.values_list("position", flat=True)) == [1, 2, 3, 4, 5]
    assert audit.verify().problems == []


def test_an_entry_that_commits_late_is_still_sealed() -> None:
    first, late, last = make_entries(3)
    AuditSeal.objects.bulk_create([])
    seal_only = [first, last]
    mac = audit.START_OF_CHAIN
    for position, entry in enumerate(seal_only, 1):
        mac = audit.link(mac, position, entry)
        AuditSeal.objects.create(position=position, entry_id=entry.pk, mac=mac)
    audit.write_head(audit.Head(2, mac))
    assert audit.seal() == 1
    assert AuditSeal.objects.get(position=3).entry_id == late.pk
    assert audit.verify().problems == []


def problems() -> str:
    return "\n".join(audit.verify().problems)


def test_an_edited_entry_is_named() -> None:
    entries = make_entries()
    audit.seal()
    tamper("UPDATE accounts_auditentry SET actor_name = 'somebody else' WHERE id = %s", entries[2].pk)
    assert problems() == f"Entry {entries[2].pk} (place 3): edited, or not written by the site."


def test_a_deleted_entry_is_named() -> None:
    entries = make_entries()
    audit.seal()
    tamper("DELETE FROM accounts_auditentry WHERE id = %s", entries[1].pk)
    assert problems() == f"Entry {entries[1].pk} (place 2): deleted."


def test_a_deleted_entry_is_named_when_its_seal_went_too() -> None:
    entries = make_entries()
    audit.seal()
    tamper("DELETE FROM accounts_auditentry WHERE id = %s", entries[1].pk)
    tamper("DELETE FROM accounts_auditseal WHERE entry_id = %s", entries[1].pk)
    assert "Place 2 to 2 of the chain: taken out." in problems()


def test_an_inserted_entry_is_named_before_and_after_sealing() -> None:
    make_entries(2)
    audit.seal()
    forged = AuditEntry(actor_name="x", action="forged", mac="0" * 64)
    forged.save()
    assert f"Entry {forged.pk} (not sealed yet): edited, or not written by the site." in problems()
    audit.seal()
    assert f"Entry {forged.pk} (place 3): edited, or not written by the site." in problems()


def test_a_copied_entry_is_refused_by_the_database() -> None:
    (entry,) = make_entries(1)
    entry.pk = None
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.save(force_insert=True)


def test_swapped_entries_are_named() -> None:
    entries = make_entries()
    audit.seal()
    one, other = entries[1].pk, entries[3].pk
    tamper("UPDATE accounts_auditseal SET entry_id = -1 WHERE entry_id = %s", one)
    tamper("UPDATE accounts_auditseal SET entry_id = %s WHERE entry_id = %s", one, other)
    tamper("UPDATE accounts_auditseal SET entry_id = %s WHERE entry_id = -1", other)
    assert f"Entry {other} (place 2): not the entry sealed here." in problems()
    assert f"Entry {one} (place 4): not the entry sealed here." in problems()


def test_a_tail_cut_off_shows_against_the_head_kept_elsewhere() -> None:
    entries = make_entries()
    audit.seal()
    tamper("DELETE FROM accounts_auditentry WHERE id >= %s", entries[3].pk)
    tamper("DELETE FROM accounts_auditseal WHERE position >= 4")
    assert problems() == "Tail cut off: the chain ends at place 3, the head file knows 5."


def test_a_missing_or_forged_head_file_is_named(settings: Any) -> None:
    make_entries(1)
    audit.seal()
    head_file = Path(settings.AUDIT_HEAD_FILE)
    kept = json.loads(head_file.read_text())
    head_file.write_text(json.dumps(kept | {"position": 9}))
    assert "missing or forged" in problems()
    head_file.unlink()
    assert "missing or forged" in problems()


def test_another_key_does_not_verify(settings: Any) -> None:
    make_entries(1)
    audit.seal()
    settings.AUDIT_KEY = "another key"
    assert "edited, or not written by the site" in problems()


def test_the_command_says_that_the_trail_holds_or_fails(capsys: pytest.CaptureFixture[str]) -> None:
    entries = make_entries(3)
    audit.seal()
    call_command("verify_audit")
    assert "The audit trail holds: 3 sealed entries checked, 0 not sealed yet." in capsys.readouterr().out
    tamper("DELETE FROM accounts_auditentry WHERE id = %s", entries[0].pk)
    with pytest.raises(CommandError, match="1 problems"):
        call_command("verify_audit")


def test_sealing_five_thousand_entries_takes_few_queries(django_assert_max_num_queries: Any) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(actor_name="bulk", action="thing.done", mac="0" * 64) for _ in range(2_000)
    )
    with django_assert_max_num_queries(20):
        assert audit.seal() == 2_000


@pytest.mark.django_db(transaction=True)
def test_two_sealers_at_once_give_no_entry_two_places_and_skip_none() -> None:
    finished = threading.Event()
    failures: list[BaseException] = []

    def until_finished() -> None:
        try:
            while not finished.wait(0.02):
                audit.seal()
        except BaseException as failure:  # noqa: BLE001 - told to the test's own thread
            failures.append(failure)
        finally:
            connection.close()

    sealers = [threading.Thread(target=until_finished) for _ in range(2)]
    for sealer in sealers:
        sealer.start()
    make_entries(150)
    finished.set()
    for sealer in sealers:
        sealer.join()
    audit.seal()
    assert failures == []
    assert list(AuditSeal.objects.values_list("position", flat=True)) == list(range(1, 151))
    assert audit.verify() == audit.Verdict(checked=150, unsealed=0, problems=[])
