"""An attempt to deliver messages: counted before it begins, so that what kills its consumer counts, too."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from ..models import OutboxMessage
from . import dead_letters
from .outbox import NotTaken

log = structlog.get_logger(__name__)

MOST = 3
PAUSE_SECONDS = 2
LONGEST_PAUSE_SECONDS = 300

State = OutboxMessage.State


class TakenOver(NotTaken):
    """The messages were held for too long, and somebody else has them now."""


@dataclass(frozen=True)
class Attempt:
    """Messages that one consumer alone holds, until the moment at which they are sent again."""

    messages: list[OutboxMessage]
    until: datetime

    @classmethod
    @transaction.atomic
    def begin(cls, ids: Sequence[UUID], good_until: datetime) -> Self:
        """Count an attempt; what had all of its attempts is given up instead."""
        held = cls.held(ids, good_until)
        until = timezone.now() + timedelta(seconds=settings.PAYMENTS_RESEND_SECONDS)
        dead_letters.bury([each for each in held.messages if each.attempts >= MOST], "Its consumer died.")
        alive = cls([each for each in held.messages if each.attempts < MOST], good_until)
        alive.rows.update(attempts=F("attempts") + 1, due_at=until)
        for message in alive.messages:
            message.attempts += 1
        return cls(alive.messages, until)

    @classmethod
    def held(cls, ids: Sequence[UUID], until: datetime) -> Self:
        """Of these messages those that nobody else has taken up meanwhile."""
        sent = OutboxMessage.objects.filter(pk__in=ids, state=State.SENT, due_at=until)
        if connection.in_atomic_block and connection.features.has_select_for_update_skip_locked:
            sent = sent.select_for_update(skip_locked=True)
        return cls(list(sent.order_by("pk")), until)

    @property
    def rows(self) -> QuerySet[OutboxMessage]:
        ids = [message.pk for message in self.messages]
        return OutboxMessage.objects.filter(pk__in=ids, state=State.SENT, due_at=self.until)

    @transaction.atomic
    def succeed(self, effect: Callable[[], None] = lambda: None) -> None:
        """Let the effect and the messages' new state come true together, or neither."""
        closed = self.rows.update(state=State.DELIVERED, delivered_at=timezone.now(), last_error="")
        if closed != len(self.messages):
            raise TakenOver("Sent to somebody else meanwhile.")
        effect()

    @transaction.atomic
    def fail(self, error: Exception) -> None:
        """Try again later; what failed often enough is given up."""
        log.warning("payments_failed", count=len(self.messages), exc_info=error)
        words = _words(error)
        alive = Attempt([each for each in self.messages if each.attempts < MOST], self.until)
        most = max((message.attempts for message in alive.messages), default=1)
        alive.rows.update(state=State.WAITING, due_at=_in(PAUSE_SECONDS * 4 ** (most - 1)), last_error=words)
        dead_letters.bury([each for each in self.messages if each.attempts >= MOST], words)

    def forgive(self, error: Exception) -> None:
        """Try again soon and count nothing: the fault was not the messages'."""
        self._put_back(error, PAUSE_SECONDS)

    def wait(self, error: Exception) -> None:
        """Count nothing, and try the later the longer the receiver has been away."""
        self._put_back(error, self._patience)

    def _put_back(self, error: Exception, seconds: float) -> None:
        attempts = F("attempts") - 1
        self.rows.update(
            state=State.WAITING, attempts=attempts, due_at=_in(seconds), last_error=_words(error)
        )

    def let_go(self, *, at_once: bool) -> None:
        """Put back what was not even begun."""
        self.rows.update(state=State.WAITING, due_at=_in(0 if at_once else self._patience))

    @property
    def _patience(self) -> float:
        oldest = min((message.created_at for message in self.messages), default=timezone.now())
        age = (timezone.now() - oldest).total_seconds()
        return min(max(age / 4, PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)


def _in(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311 - spreads the load


def _words(error: Exception) -> str:
    """What may be kept of an error: others' words may hold a row's values."""
    return (str(error) if isinstance(error, NotTaken) else type(error).__name__)[:100]
