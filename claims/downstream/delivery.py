"""The payments side takes each message once: into its ledger, or through a webhook into somebody else's.

Fresh messages go together; what failed before goes alone, so that one bad message keeps no other. An outage
of the database, or of the receiver, counts for nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from ..models import OutboxMessage
from . import ledger, webhook
from .attempts import Attempt, TakenOver
from .outbox import body_of

log = structlog.get_logger(__name__)

# Under the time after which messages are sent again.
LONGEST_RUN_SECONDS = 20
# After so many in a row that a receiver does not answer, the others wait, too.
ENOUGH_UNANSWERED = 3
PAUSES_OF_AN_OUTAGE = (0, 0.5, 1, 2, 4, 8, 8, 8)

DATABASE_AWAY = (OperationalError, InterfaceError)


def deliver(ids: Sequence[UUID], *, good_until: datetime) -> int:
    """Bring messages to the payments side; how many it took. A copy of an earlier sending does nothing."""
    sent = OutboxMessage.objects.filter(pk__in=ids, state=OutboxMessage.State.SENT, due_at=good_until)
    attempts = dict(sent.order_by("pk").values_list("pk", "attempts"))
    if settings.PAYMENTS_WEBHOOK_URL:
        return _through_webhook(list(attempts), good_until)
    together = [pk for pk, tried in attempts.items() if not tried]
    alone = [[pk] for pk, tried in attempts.items() if tried]
    return sum(_book(Attempt.begin(group, good_until)) for group in [together, *alone])


def _book(attempt: Attempt) -> int:
    try:
        attempt.succeed(lambda: ledger.post([body_of(message) for message in attempt.messages]))
    except TakenOver:
        log.warning("payments_taken_over", count=len(attempt.messages))
        return 0
    except DATABASE_AWAY as outage:
        log.warning("payments_database_away", count=len(attempt.messages), exc_info=outage)
        _despite_an_outage(partial(attempt.forgive, outage))
        return 0
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one message must not keep the others
        attempt.fail(error)
        return 0
    return len(attempt.messages)


def _through_webhook(ids: Sequence[UUID], good_until: datetime) -> int:
    """One by one. That nobody answers counts against a message only where another is taken after it."""
    taken, rest, unanswered = 0, list(ids), list[tuple[Attempt, webhook.Away]]()
    deadline = time.monotonic() + LONGEST_RUN_SECONDS
    with webhook.Receiver() as receiver:
        while rest and time.monotonic() < deadline and len(unanswered) < ENOUGH_UNANSWERED:
            attempt = Attempt.begin([rest.pop(0)], good_until)
            try:
                answered = _post(attempt, receiver)
            except webhook.Away as away:
                unanswered.append((attempt, away))
                continue
            if answered:
                taken += answered
                while unanswered:
                    earlier, why = unanswered.pop()
                    earlier.fail(why)
    for attempt, why in unanswered:
        attempt.wait(why)
    Attempt.held(rest, good_until).let_go(at_once=not unanswered)
    return taken


def _post(attempt: Attempt, receiver: webhook.Receiver) -> int:
    for message in attempt.messages:
        try:
            receiver.post(body_of(message))
            _despite_an_outage(attempt.succeed)
        except TakenOver:
            log.warning("payments_taken_over", count=1)
            return 0
        except webhook.Away:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            attempt.fail(error)
            return 0
    return len(attempt.messages)


def _despite_an_outage(write: Callable[[], None]) -> None:
    """Write as soon as the database is back. Should it stay away, the messages are sent once more."""
    for pause in PAUSES_OF_AN_OUTAGE:
        time.sleep(pause)
        try:
            return write()
        except DATABASE_AWAY:
            connection.close()
    log.warning("payments_database_away")
    return None
