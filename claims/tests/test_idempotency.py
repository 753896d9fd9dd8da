"""A request's own name: kept with what it did, good for its sender and its words alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from claims import idempotency
from claims.idempotency import Answer, BadKey, KeyOfAnother
from claims.models import IdempotencyKey
from claims.tasks import forget_keys
from rcm_site.testing.makers import make_department, make_user

pytestmark = pytest.mark.django_db


def work(name: str = "Imaging") -> Answer:
    return Answer(201, {"department": make_department(name).pk})


def never() -> Answer:
    raise AssertionError("it happened twice")


def test_the_same_again_gets_the_answer_and_does_nothing() -> None:
    user = make_user()
    first = idempotency.once(user, "a-1", b"body", work)
    again = idempotency.once(user, "a-1", b"body", never)

    assert not first.is_replayed
    assert again == Answer(201, first.body, is_replayed=True)


def test_without_a_key_each_is_new() -> None:
    user = make_user()
    assert idempotency.once(user, None, b"body", lambda: work("A")).body
    assert idempotency.once(user, None, b"body", lambda: work("B")).body
    assert not IdempotencyKey.objects.exists()


def test_another_body_under_the_same_key_is_refused() -> None:
    user = make_user()
    idempotency.once(user, "a-1", b"body", work)
    with pytest.raises(KeyOfAnother):
        idempotency.once(user, "a-1", b"another body", never)


def test_somebody_elses_key_is_no_key_of_mine() -> None:
    first = idempotency.once(make_user(), "a-1", b"body", lambda: work("A"))
    second = idempotency.once(make_user(), "a-1", b"body", lambda: work("B"))
    assert first.body != second.body


def test_what_failed_is_not_kept() -> None:
    user = make_user()

    def fail() -> Answer:
        work("gone")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        idempotency.once(user, "a-1", b"body", fail)

    assert idempotency.once(user, "a-1", b"body", lambda: work("gone")).status == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "a\n", "ä", "x" * 201, "a\0b", "\uff11"])
def test_a_key_is_up_to_200_plain_characters(key: str) -> None:
    with pytest.raises(BadKey):
        idempotency.once(make_user(), key, b"", never)


def test_what_is_kept_does_not_tell_what_was_asked(django_assert_num_queries: Any) -> None:
    user = make_user()
    idempotency.once(user, "x" * 200, b"Jane Doe", work)
    kept = IdempotencyKey.objects.get()
    assert len(kept.fingerprint) == 64
    assert "Jane" not in str(kept.__dict__)


def test_keys_are_forgotten_after_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "FORGOTTEN_AT_ONCE", 2)
    user: User = make_user()
    for number in range(7):
        idempotency.once(user, f"k-{number}", b"", lambda: Answer(201, {}))
    old = timezone.now() - idempotency.KEPT - timedelta(hours=1)
    IdempotencyKey.objects.exclude(key="k-0").update(at=old)

    forget_keys()

    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["k-0"]
