"""Fixtures that every app's tests share; each app's `tests/conftest.py` imports them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client

from accounts.models import User

from .makers import make_user
from .migrated import django_db_keepdb, django_db_modify_db_settings, django_db_setup  # noqa: F401


def pytest_collection() -> None:
    gc.disable()  # what is collected stays: to look through it for garbage takes a third of the time


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.fixture
def sign_in(client: Client) -> Callable[..., User]:
    """Sign the test client in as somebody of this role (or as this very person)."""

    def sign_in_as(who: str | User = "biller", **fields: Any) -> User:
        user = who if isinstance(who, User) else make_user(who, **fields)
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return user

    return sign_in_as


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    """Tests write nothing into the installation's own var/."""
    settings.VAR_DIR = tmp_path
    settings.AUDIT_HEAD_FILE = str(tmp_path / "audit-head.json")


@pytest.fixture(autouse=True)
def nobody_has_asked_yet() -> None:
    """Another test's people, who may have the same ids, were counted by the rate limit."""
    cache.clear()
    for name in ("facts", "long_facts"):
        caches[name].clear()  # the versions of an emptied database begin anew


@pytest.fixture(autouse=True)
def tables_can_be_emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests with real transactions empty all tables at their end, append-only ones too."""
    marker = request.node.get_closest_marker("django_db")
    if not (marker and marker.kwargs.get("transaction")):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    _lift_guards()


def _lift_guards() -> None:
    """Take the append-only triggers off, empty what they guard, and put them back."""
    guarded = ["accounts_auditentry", "accounts_auditseal", "claims_ledgerentry"]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"TRUNCATE {', '.join(guarded)}")
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        for table in guarded:
            cursor.execute(f"DELETE FROM {table}")
        for _, sql in triggers:
            cursor.execute(sql)
