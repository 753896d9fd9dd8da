"""Takes webhooks and text messages on their way, each receiver in its own turn.

A row is held by one sender and its attempt counted before it begins: a sender that dies costs an attempt, not
the message. Receivers are called side by side and for seconds only, so that one that hangs keeps nobody else
waiting; who is not there gets no second message in the same run. Of one rule no message overtakes another:
"over" must not come before "opened".
"""

from __future__ import annotations

import http.client
import random
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Min, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from rcm_site.posting import Answer

from ..models import Delivery, Webhook
from . import text_messages, webhooks
from .addresses import NotAllowed
from .news import news_told_by

log = structlog.get_logger(__name__)

About = Delivery.About
Channel = Delivery.Channel
State = Delivery.State

OF_ONE_RECEIVER = 20
RECEIVERS_AT_ONCE = 32
BEGIN_FOR_SECONDS = 20
HOLD = timedelta(minutes=2)  # longer than a run can take: only a dead sender's rows are taken up again
MOST_ATTEMPTS = 8
LONGEST_WAIT_SECONDS = 3600
LONGEST_ANSWER = 150

Receiver = tuple[str, int | None]


def send_due(now: datetime) -> int:
    """Send what is due; how many messages their receivers took."""
    queues = _take(now)
    if not queues:
        return 0
    deadline = time.monotonic() + BEGIN_FOR_SECONDS
    with ThreadPoolExecutor(RECEIVERS_AT_ONCE) as pool:
        return _send(pool, queues, deadline)


# Taking --------------------------------------------------------------------------------------------


def due(now: datetime) -> QuerySet[Delivery]:
    """What may leave now, but for receivers that somebody is calling."""
    waiting = Delivery.objects.waiting().exclude(channel=Channel.MAIL)
    called = waiting.filter(held_until__gt=now, webhook__isnull=False)
    return waiting.due(now).exclude(webhook__in=called.values("webhook"))


def _take(now: datetime) -> dict[Receiver, deque[Delivery]]:
    """The rows that this sender alone may now send, by whom they go to."""
    if not due(now).exists():
        return {}
    with transaction.atomic():
        queues: dict[Receiver, deque[Delivery]] = {}
        for channel, webhook in _receivers(now):
            rows = due(now).filter(channel=channel, webhook=webhook).order_by("due_at", "pk")
            rows = rows.select_related("webhook", "event__alert__rule")
            if connection.features.has_select_for_update_skip_locked:
                # SQLite's writers take turns anyway.
                rows = rows.select_for_update(skip_locked=True, of=("self",))
            queues[channel, webhook] = deque(rows[:OF_ONE_RECEIVER])
        _hold((row for queue in queues.values() for row in queue), now + HOLD)
    return queues


def _receivers(now: datetime) -> list[Receiver]:
    """For whom something waits; who has waited longest comes first, however much others are sent."""
    waiting = due(now).order_by().values_list("channel", "webhook").annotate(since=Min("due_at"))
    return [(channel, webhook) for channel, webhook, _ in waiting.order_by("since")[:RECEIVERS_AT_ONCE]]


def _hold(rows: Iterable[Delivery], until: datetime | None) -> None:
    Delivery.objects.filter(pk__in=[row.pk for row in rows], state=State.WAITING).update(held_until=until)


# Sending -------------------------------------------------------------------------------------------


def _send(pool: ThreadPoolExecutor, queues: dict[Receiver, deque[Delivery]], deadline: float) -> int:
    """One message at a time to each receiver, several receivers at once; rows are written here alone."""
    sent = 0
    under_way: dict[Future[Answer], Receiver] = {}
    current: dict[Receiver, Delivery] = {}
    for receiver in queues:
        _next(pool, receiver, queues, under_way, current)
    while under_way:
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            receiver = under_way.pop(future)
            delivery = current.pop(receiver)
            is_there = _close(delivery, future)
            sent += delivery.state == State.SENT
            if is_there and time.monotonic() < deadline:
                _next(pool, receiver, queues, under_way, current)
    _hold((row for queue in queues.values() for row in queue), None)
    return sent


def _next(
    pool: ThreadPoolExecutor,
    receiver: Receiver,
    queues: dict[Receiver, deque[Delivery]],
    under_way: dict[Future[Answer], Receiver],
    current: dict[Receiver, Delivery],
) -> None:
    queue = queues[receiver]
    while queue:
        delivery = queue.popleft()
        if _begin(delivery):
            current[receiver] = delivery
            under_way[pool.submit(_hand_over, delivery)] = receiver
            return


def _begin(delivery: Delivery) -> bool:
    """Count the attempt; what had all of its attempts, or has nowhere to go any more, ends here."""
    if delivery.webhook is not None and not (delivery.webhook.is_active or delivery.about == About.TEST):
        return _give_up(delivery, "The webhook is not in use any more.")
    if delivery.attempts >= MOST_ATTEMPTS:
        return _give_up(delivery, delivery.answer or "Every attempt broke off.")
    delivery.attempts += 1
    delivery.due_at = timezone.now() + pause_after(delivery.attempts)
    delivery.save(update_fields=["attempts", "due_at"])
    return bool(delivery.body) or _write(delivery)


def _write(delivery: Delivery) -> bool:
    """Put its words down, once: whoever gets it twice gets the same."""
    try:
        delivery.body = _body(delivery)
    except Exception:  # one that cannot be written must not keep the others
        log.exception("delivery_not_written", id=str(delivery.pk), attempts=delivery.attempts)
        return _again(delivery, "It could not be written.")
    delivery.save(update_fields=["body"])
    return True


def _body(delivery: Delivery) -> dict[str, Any]:
    news = news_told_by(delivery)
    assert news is not None  # noqa: S101 - a test is made with its body, and machines see everything
    if delivery.webhook is not None:
        return webhooks.body_of(delivery.webhook, news)
    return {"text": text_messages.words_of(news)}


def _hand_over(delivery: Delivery) -> Answer:
    """In a thread of its own, without the database."""
    if delivery.webhook is not None:
        return webhooks.call(delivery.webhook, str(delivery.pk), delivery.body)
    return text_messages.provider()(delivery.address, delivery.body["text"])


def _close(delivery: Delivery, future: Future[Answer]) -> bool:
    """Write down how it went; whether the receiver is there."""
    try:
        answer = future.result()
    except NotAllowed as refused:
        _give_up(delivery, str(refused))
        return True
    except (OSError, http.client.HTTPException) as broken:
        return _again(delivery, f"No answer: {type(broken).__name__}.")
    except Exception as error:  # in the thread of one message: the others go on
        log.exception("delivery_broke", id=str(delivery.pk), attempts=delivery.attempts)
        _give_up(delivery, f"It could not be sent: {type(error).__name__}.")
        return True
    said = in_words(answer)
    if answer.is_taken:
        delivery.state, delivery.answer, delivery.closed_at = State.SENT, said, timezone.now()
        delivery.held_until = None
        delivery.save(update_fields=["state", "answer", "closed_at", "held_until"])
        return True
    if answer.is_nobody_there:
        return _again(delivery, said)
    _give_up(delivery, said)
    return True


def in_words(answer: Answer) -> str:
    """200: ok."""
    text = " ".join(answer.text[:1000].decode(errors="replace").split())
    printable = "".join(each for each in text if each.isprintable())
    return f"{answer.status}: {printable[:LONGEST_ANSWER]}" if printable else str(answer.status)


def _again(delivery: Delivery, why: str) -> bool:
    """Whoever tries a receiver out wants to know how it went: that is not tried again."""
    if delivery.attempts >= MOST_ATTEMPTS or delivery.about == About.TEST:
        return _give_up(delivery, why)
    delivery.answer, delivery.held_until = why, None
    delivery.save(update_fields=["answer", "held_until"])
    log.warning("delivery_not_taken", id=str(delivery.pk), attempts=delivery.attempts)
    return False


def _give_up(delivery: Delivery, why: str) -> bool:
    delivery.state, delivery.answer, delivery.closed_at = State.FAILED, why[:200], timezone.now()
    delivery.held_until = None
    delivery.save(update_fields=["state", "answer", "closed_at", "held_until"])
    log.error("delivery_failed", id=str(delivery.pk), attempts=delivery.attempts)
    return False


def pause_after(attempts: int) -> timedelta:
    seconds = min(LONGEST_WAIT_SECONDS, 15 * 4 ** (attempts - 1))
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311 - only spreads the load


# By hand -------------------------------------------------------------------------------------------


@transaction.atomic
def ask_for_test(
    webhook: Webhook, *, actor: User, now: datetime, request: HttpRequest | None = None
) -> Delivery:
    """Have a worker call a webhook next, in use or not; what it answers stands in the log."""
    delivery = Delivery(
        channel=Channel.WEBHOOK,
        about=About.TEST,
        webhook=webhook,
        body=webhooks.test_body(webhook, now),
        made_at=now,
        due_at=now,
    )
    delivery.once = f"test:{delivery.pk}"
    delivery.save(force_insert=True)
    audit.record(actor, "webhook.tested", webhook, request=request, name=webhook.name)
    return delivery
