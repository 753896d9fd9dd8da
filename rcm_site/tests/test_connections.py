"""Connections to PostgreSQL that the server ends: noticed before they are used, or right after."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, connections

from rcm_site.postgresql.base import DatabaseWrapper

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor == 'sqlite'", reason="it has no server to lose"),
]


@pytest.fixture
def kept() -> Iterator[DatabaseWrapper]:
    """A connection that one request after another uses."""
    found = connections["default"].copy()
    assert isinstance(found, DatabaseWrapper)
    request(found)
    yield found
    found.close()


def request(kept: DatabaseWrapper) -> int:
    kept.close_if_unusable_or_obsolete()
    with kept.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def end(backend: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


def test_one_that_was_lost_while_nobody_asked_is_opened_anew(kept: DatabaseWrapper) -> None:
    lost = request(kept)
    end(lost)
    kept.checked_at = float("-inf")

    assert request(kept) != lost


def test_one_that_is_lost_in_use_fails_a_single_request(kept: DatabaseWrapper) -> None:
    lost = request(kept)
    end(lost)

    with pytest.raises(OperationalError):
        request(kept)
    assert request(kept) != lost


def test_a_second_that_ends_in_a_request_does_not_break_its_transaction(kept: DatabaseWrapper) -> None:
    request(kept)
    request(kept)
    kept.set_autocommit(False)
    with kept.cursor() as cursor:
        cursor.execute("SELECT 1")
    kept.commit()
    kept.checked_at = float("-inf")

    kept.set_autocommit(True)

    assert kept.get_autocommit()


def test_what_is_asked_over_and_over_stays_planned(kept: DatabaseWrapper) -> None:
    statement = "SELECT %s::int + 1"
    for number in range(10):
        with kept.prepared_cursor() as cursor:
            cursor.execute(statement, [number])
            assert cursor.fetchone() == (number + 1,)

    with kept.cursor() as cursor:
        cursor.execute("SELECT generic_plans + custom_plans FROM pg_prepared_statements")
        assert cursor.fetchall() == [(10 - kept.settings_dict["OPTIONS"]["prepare_threshold"],)]


def test_what_stays_planned_is_asked_through_django(kept: DatabaseWrapper) -> None:
    lost = request(kept)
    end(lost)

    with pytest.raises(OperationalError), kept.prepared_cursor() as cursor:
        cursor.execute("SELECT 1")
    assert request(kept) != lost


def test_a_plan_from_before_a_migration_fails_no_request(kept: DatabaseWrapper) -> None:
    def ask() -> list[tuple[str]]:
        with kept.prepared_cursor() as cursor:
            cursor.execute("SELECT name FROM altered WHERE id = %s", [1])
            return cursor.fetchall()

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE altered AS SELECT 1 AS id, 'Ana'::varchar(10) AS name")
        for _ in range(7):
            ask()
        cursor.execute("ALTER TABLE altered ALTER COLUMN name TYPE varchar(20)")
        try:
            assert [ask(), ask()] == [[("Ana",)], [("Ana",)]]
        finally:
            cursor.execute("DROP TABLE altered")
