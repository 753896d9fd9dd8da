"""The migrated SQLite database, kept from one run of the tests to the next: migrating takes longer than most.

It is kept by all that migrations are made of, so a changed one makes a new database.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import IO

import django
import pytest
from django.conf import settings

KEPT_IN = Path(".pytest_cache") / "migrated"
KEPT_SECONDS = 24 * 3600
APPS = ("accounts", "claims", "analytics", "rcm_site")


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """Take the file that lies there as it is, and leave it to the test process's folder to go."""
    return django_db_keepdb or _is_file()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> IO[str] | None:
    """Once the file has its name: put there what has been migrated before, or be the one to migrate."""
    turn = _turn() if _is_file() and not _kept().exists() else None
    if _is_file() and not _test_database().exists():
        copy_migrated(_test_database())
    return turn


@pytest.fixture(scope="session")
def django_db_setup(django_db_modify_db_settings: IO[str] | None, django_db_setup: None) -> None:
    if turn := django_db_modify_db_settings:
        if not _kept().exists():
            _keep()
        turn.close()


def copy_migrated(to: Path) -> None:
    """What has been migrated before, if anything has."""
    if _kept().exists():
        shutil.copyfile(_kept(), to)


def _turn() -> IO[str]:
    """Held by one process at a time, and let go of with it."""
    KEPT_IN.mkdir(parents=True, exist_ok=True)
    turn = (KEPT_IN / "turn").open("w")
    fcntl.flock(turn, fcntl.LOCK_EX)
    return turn


def _is_file() -> bool:
    return settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")


def _test_database() -> Path:
    return Path(settings.DATABASES["default"]["TEST"]["NAME"])


def _keep() -> None:
    for kept in KEPT_IN.glob("*.sqlite3"):
        if kept.stat().st_mtime < time.time() - KEPT_SECONDS:
            kept.unlink(missing_ok=True)
    made = KEPT_IN / f"{os.getpid()}.part"
    with closing(sqlite3.connect(_test_database())) as database:
        database.execute("VACUUM INTO ?", [str(made)])
    made.replace(_kept())


def _kept() -> Path:
    """Migrations, and the triggers they make."""
    seen = sha256(f"{django.VERSION} {sqlite3.sqlite_version}".encode())
    written = [path for app in APPS for path in Path(app).rglob("*.py")]
    for path in sorted(written):
        if "migrations" in path.parts or path.stem.endswith("triggers"):
            seen.update(path.read_bytes())
    return KEPT_IN / f"{seen.hexdigest()[:24]}.sqlite3"
