"""The page of net fees on their way: what it shows, to whom, and sending again what was given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from claims.downstream import outbox
from claims.models import OutboxMessage
from claims.pages import net_fees as payment_pages
from rcm_site.testing.makers import make_claim

pytestmark = pytest.mark.django_db


def make_message(state: str = "waiting", **fields: Any) -> OutboxMessage:
    message = outbox.tell(make_claim(fees=["10.00"]), OutboxMessage.Reason.ACCEPTED)
    assert message
    OutboxMessage.objects.filter(pk=message.pk).update(state=state, **fields)
    return message


def figures(client: Client) -> dict[str, str]:
    return {each.label: each.value for each in client.get("/payments/").context["figures"]}


def test_it_counts_what_is_on_its_way_delivered_today_and_given_up(
    client: Client, sign_in: Callable[..., User]
) -> None:
    sign_in("director")
    now = timezone.now()
    make_message(created_at=now - timedelta(minutes=3, seconds=5))
    make_message("sent")
    make_message("delivered", delivered_at=now)
    make_message("delivered", delivered_at=now - timedelta(days=1, seconds=1))
    make_message("dead")
    assert figures(client) == {
        "On their way": "2",
        "Oldest of them": "3 min",
        "Delivered today": "1",
        "Given up": "1",
    }


def test_with_nothing_to_tell_it_says_so(client: Client, sign_in: Callable[..., User]) -> None:
    sign_in("director")
    assert figures(client)["Oldest of them"] == "–"
    assert b"Nothing was given up" in client.get("/payments/").content


@pytest.mark.parametrize(
    ("seconds", "words"), [(-1, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (172_800, "2 d")]
)
def test_an_age_is_said_in_the_largest_unit(seconds: int, words: str) -> None:
    assert payment_pages.in_words(timedelta(seconds=seconds)) == words


def test_the_piece_that_refreshes_itself_comes_alone(client: Client, sign_in: Callable[..., User]) -> None:
    sign_in("admin")
    make_message("dead")
    fragment = client.get("/payments/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "Send again" in fragment


def test_whoever_may_only_look_is_offered_nothing_to_do(client: Client, sign_in: Callable[..., User]) -> None:
    sign_in("director")
    message = make_message("dead", last_error="DataError", attempts=3)
    page = client.get("/payments/").content.decode()
    assert "DataError" in page
    assert "Send again" not in page
    assert client.post("/payments/replay/", {"message": str(message.pk)}).status_code == 403
    assert OutboxMessage.objects.get().state == "dead"


def test_one_message_is_sent_again_and_the_other_stays(client: Client, sign_in: Callable[..., User]) -> None:
    admin = sign_in("admin")
    chosen, other = make_message("dead", attempts=3), make_message("dead", attempts=3)
    response = client.post("/payments/replay/", {"message": str(chosen.pk)}, follow=True)
    assert "1 message is on the way once more." in response.content.decode()
    chosen.refresh_from_db()
    other.refresh_from_db()
    assert (chosen.state, chosen.attempts, other.state) == ("waiting", 0, "dead")
    assert AuditEntry.objects.get(action="payments.replayed").actor == admin


def test_all_are_sent_again_and_only_those_that_were_dead(
    client: Client, sign_in: Callable[..., User]
) -> None:
    sign_in("admin")
    for state in ("dead", "dead", "delivered", "sent"):
        make_message(state)
    client.post("/payments/replay/")
    assert sorted(OutboxMessage.objects.values_list("state", flat=True)) == [
        *("delivered", "sent", "waiting", "waiting")
    ]
    again = client.post("/payments/replay/", follow=True)
    assert "a colleague has seen to it already" in again.content.decode()


def test_what_names_no_message_is_not_found(client: Client, sign_in: Callable[..., User]) -> None:
    sign_in("admin")
    make_message("dead")
    assert client.post("/payments/replay/", {"message": "all'; --"}).status_code == 404
    assert OutboxMessage.objects.get().state == "dead"


def test_the_page_asks_as_much_for_sixty_dead_messages_as_for_one(
    client: Client, sign_in: Callable[..., User], django_assert_max_num_queries: Any
) -> None:
    sign_in("admin")
    claim = make_claim(fees=["10.00"])
    OutboxMessage.objects.bulk_create(
        [OutboxMessage(claim=claim, net_fee=10, shares=[], state="dead") for _ in range(60)]
    )
    with django_assert_max_num_queries(16):
        page = client.get("/payments/").content.decode()
    assert "The 50 newest messages" in page
