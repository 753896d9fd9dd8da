"""Taking files in: chunk by chunk, once, whatever happens in between."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from accounts.models import AuditEntry, User
from claims.imports import control, loading, reading
from claims.imports.loading import Loader, LostHold, load, load_waiting, take
from claims.imports.uploads import UploadOptions, receive
from claims.models import Claim, ClaimEvent, ClaimLine, Import, ImportBlock, ImportChunk, ImportProblem
from claims.tasks import load_imports
from rcm_site.testing.makers import make_department, make_user

pytestmark = pytest.mark.django_db

HEADER = (
    "claim number,payer,service date,submitted procedure,quadrant,Plan/Group #,Subscriber#,Provider NPI,"
    "provider fees,Allowed fees,member coinsurance,member copay\r\n"
)


def rows_of(number: str, *, lines: int = 2, procedure: str = "D0180") -> str:
    parties = f"GRP-1,SUB-{number},1497775530"
    return f"{number},Northern,3/28/18 0:00,{procedure},,{parties},100.00,40.00,5.00,1.00\r\n" * lines


def claim_file(count: int, *, bad: tuple[int, ...] = ()) -> bytes:
    claims = (rows_of(f"A-{n}", procedure="X" if n in bad else "D0180") for n in range(1, count + 1))
    return (HEADER + "".join(claims)).encode()


def send(content: bytes, actor: User, name: str = "claims.csv", **asked: Any) -> Import:
    return receive(io.BytesIO(content), name, asked=UploadOptions(**asked), actor=actor)


@pytest.fixture
def director() -> User:
    return make_user("director")


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "HEAVIEST", 6)  # two claims of two lines


def counts() -> tuple[int, int, int]:
    return Claim.objects.count(), ClaimLine.objects.count(), ClaimEvent.objects.count()


# The whole way ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_chunks")
def test_a_file_is_taken_in_chunk_by_chunk_to_its_end(director: User) -> None:
    source = load(send(claim_file(7), director))
    assert (source.state, source.claims_stored, source.lines_stored) == ("done", 7, 14)
    assert counts() == (7, 14, 7)
    assert ClaimLine.objects.aggregate(fee=Sum("net_fee"))["fee"] == Decimal("66.00") * 14
    chunks = ImportChunk.objects.filter(source=source).order_by("number")
    assert [(each.first_record, each.records) for each in chunks] == [(0, 2), (2, 2), (4, 2), (6, 1)]
    assert (source.held_by, source.tries, source.found_kinds) == (None, 0, "claim_lines")
    finished = AuditEntry.objects.get(action="import.finished")
    assert (finished.actor, finished.details["claims"], finished.details["state"]) == (director, 7, "done")


def test_the_good_claims_are_taken_and_the_bad_ones_listed_without_a_value(director: User) -> None:
    source = load(send(claim_file(3, bad=(2,)), director))
    assert (source.state, source.claims_stored, source.refused) == ("done", 2, 1)
    problems = ImportProblem.objects.filter(source=source, severity="error")
    assert [(each.record, each.place, each.field) for each in problems] == [
        (2, 4, "submitted procedure"),
        (2, 5, "submitted procedure"),
    ]
    assert "SUB-" not in " ".join(each.reason for each in problems)


def test_what_was_refused_can_be_mended_and_sent_again(director: User) -> None:
    source = load(send(claim_file(3, bad=(2,)), director))
    header, *rows = control.refused_rows(source)
    assert ",".join(header) == HEADER.strip()
    assert len(rows) == 2
    mended = "\r\n".join(",".join(cell.replace("X", "D0180") for cell in row) for row in (header, *rows))
    again = load(send(mended.encode(), director))
    assert (again.state, again.claims_stored, again.refused) == ("done", 1, 0)
    assert counts() == (3, 6, 3)


def test_what_storing_refused_is_among_the_rows_to_mend(settings: Any) -> None:
    biller = make_user("biller", departments=[make_department("Mine")])
    content = "claim number,department," + HEADER.split(",", 2)[2]
    content += "".join(
        f"A-{n},{name}," + rows_of("", lines=1).split(",", 2)[2] for n, name in enumerate(("Mine", "Theirs"))
    )
    source = load(send(content.encode(), biller))
    assert (source.claims_stored, source.refused) == (1, 1)
    assert ImportProblem.objects.get(source=source).reason == "is not one of your departments"
    assert [row[:2] for row in control.refused_rows(source)] == [
        ["claim number", "department"],
        ["A-1", "Theirs"],
    ]


def test_the_same_claims_in_another_file_are_duplicates_that_name_the_first(director: User) -> None:
    load(send(claim_file(3), director))
    again = load(send(claim_file(4), director))
    assert (again.claims_stored, again.duplicates, again.refused) == (1, 3, 0)
    first = Claim.objects.get(control_number="A-1")
    problem = ImportProblem.objects.filter(source=again, severity="duplicate").first()
    assert problem
    assert (problem.first_claim, problem.record) == (first, 1)


# Whole or not at all ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_chunks")
def test_a_file_taken_whole_is_refused_for_one_bad_claim_and_stores_nothing(director: User) -> None:
    source = load(send(claim_file(7, bad=(6,)), director, taking="whole"))
    assert (source.state, source.claims_stored, source.refused) == ("refused", 0, 1)
    assert counts() == (0, 0, 0)


@pytest.mark.usefixtures("small_chunks")
def test_a_file_taken_whole_is_checked_and_then_stored(director: User) -> None:
    source = load(send(claim_file(5), director, taking="whole"))
    assert (source.state, source.phase, source.claims_stored) == ("done", "storing", 5)
    assert counts() == (5, 10, 5)


def test_a_file_taken_whole_is_refused_for_what_storing_would_refuse(director: User, settings: Any) -> None:
    settings.UNKNOWN_PAYERS = "refuse"
    source = load(send(claim_file(2), director, taking="whole"))
    assert (source.state, source.refused, counts()) == ("refused", 2, (0, 0, 0))


# Interrupted -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_chunks")
def test_a_pause_is_found_between_chunks_and_resuming_goes_on_from_there(director: User) -> None:
    source = send(claim_file(7), director)
    held = take(timezone.now())
    assert held
    control.pause(source, actor=director)
    Loader(held, deadline=float("inf"), gives_way=False).run()
    source.refresh_from_db()
    assert (source.state, source.claims_stored, source.held_by) == ("paused", 2, None)
    assert load(source).state == "paused"
    control.resume(source, actor=director)
    assert load(source).state == "done"
    assert counts() == (7, 14, 7)


@pytest.mark.usefixtures("small_chunks")
def test_cancelling_keeps_what_is_stored(director: User) -> None:
    source = send(claim_file(7), director)
    held = take(timezone.now())
    assert held
    control.cancel(source, actor=director)
    Loader(held, deadline=float("inf"), gives_way=False).run()
    source.refresh_from_db()
    assert (source.state, source.claims_stored) == ("cancelled", 2)
    with pytest.raises(control.CannotControl, match="over already"):
        control.cancel(source, actor=director)


@pytest.mark.usefixtures("small_chunks")
def test_a_worker_whose_lease_ran_out_stores_nothing_more(director: User) -> None:
    send(claim_file(7), director)
    stale = take(timezone.now())
    fresh = take(timezone.now() + loading.LEASE + timedelta(seconds=1))
    assert stale
    assert fresh
    with pytest.raises(LostHold):
        Loader(stale, deadline=float("inf"), gives_way=False).run()
    assert counts() == (0, 0, 0)
    Loader(fresh, deadline=float("inf"), gives_way=False).run()
    assert counts() == (7, 14, 7)


def test_a_lease_that_holds_keeps_others_away(director: User) -> None:
    send(claim_file(1), director)
    assert take(timezone.now())
    assert take(timezone.now()) is None


@pytest.mark.usefixtures("small_chunks")
def test_a_turn_that_ends_leaves_the_rest_to_the_next(director: User) -> None:
    source = send(claim_file(7), director)
    held = take(timezone.now())
    assert held
    Loader(held, deadline=0, gives_way=False).run()
    source.refresh_from_db()
    assert (source.state, source.claims_stored, source.tries) == ("running", 2, 0)
    assert load_waiting(seconds=60) == 1
    assert counts() == (7, 14, 7)


def test_a_file_that_ends_its_worker_three_times_is_not_tried_for_ever(director: User) -> None:
    source = send(claim_file(1), director)
    for turn in range(loading.MOST_TRIES):
        assert take(timezone.now() + turn * 2 * loading.LEASE)
    Import.objects.update(held_until=timezone.now())
    load_waiting(seconds=60)
    source.refresh_from_db()
    assert source.state == "failed"
    assert "three times" in source.reason


def test_a_file_that_is_unreadable_in_the_middle_says_where_and_keeps_what_came_before(
    director: User,
) -> None:
    content = claim_file(2) + b'A-9,"' + b"x" * 200_000
    source = load(send(content, director))
    assert (source.state, source.claims_stored) == ("failed", 1)  # the second may have gone on
    assert "at 6" in source.reason
    assert "stays: 1 claims" in source.reason


def test_the_bytes_of_a_file_are_forgotten_in_time_and_its_claims_are_not(director: User) -> None:
    source = load(send(claim_file(2), director))
    assert loading.forget_files(timezone.now()) == 0
    assert loading.forget_files(timezone.now() + timedelta(days=31)) == 1
    assert not ImportBlock.objects.filter(source=source).exists()
    assert counts() == (2, 4, 2)


def test_no_more_files_are_read_at_a_time_than_is_set(director: User, settings: Any) -> None:
    settings.IMPORTS_AT_ONCE = 1
    send(claim_file(1), director)
    send(claim_file(2), director)
    assert take(timezone.now())
    assert take(timezone.now()) is None


def test_the_workers_tick_takes_in_whatever_waits(director: User) -> None:
    sources = [send(claim_file(1), director), send(claim_file(2), director, sender="OTHER")]
    load_imports()
    assert [Import.objects.get(pk=each.pk).state for each in sources] == ["done", "done"]
    assert counts() == (3, 6, 3)


def test_how_far_an_import_is_and_how_long_it_will_take(director: User) -> None:
    fields = {"state": "running", "size": 1_000, "bytes_done": 250, "seconds": 10.0, "claims_stored": 500}
    seen = control.progress(Import(**fields))
    assert (seen.share, seen.rate, seen.seconds_left, seen.words) == (0.25, 50.0, 30, "Storing")
    checking = control.progress(Import(**fields, taking="whole", phase="checking", wish="pause"))
    assert (checking.share, checking.words) == (0.125, "Pausing")


def test_looking_for_work_where_there_is_none_costs_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert load_waiting(seconds=1) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("small_chunks")
def test_reading_ahead_in_a_thread_stores_the_same(director: User) -> None:
    assert not connection.in_atomic_block
    source = load(send(claim_file(9, bad=(4,)), director))
    assert (source.state, source.claims_stored, source.refused) == ("done", 8, 1)
    assert counts() == (8, 16, 8)
