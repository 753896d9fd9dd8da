"""System checks that refuse a configuration which would break a promise the site makes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import WARNING, CheckMessage, Error, Tags, Warning, register  # noqa: A004

SHORTEST_SECRET_KEY = 50
SHORTEST_AUDIT_KEY = 32
SHORTEST_PHI_KEY = 32
SHORTEST_WEBHOOK_SECRET = 32
HOW_TO_MAKE_ONE = 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(64))"'


@register(Tags.security)
def production_has_secrets_of_its_own(**_: Any) -> Iterable[CheckMessage]:
    if not settings.PRODUCTION:
        return
    for name, shortest, check_id in (
        ("SECRET_KEY", SHORTEST_SECRET_KEY, "rcm.E001"),
        ("AUDIT_KEY", SHORTEST_AUDIT_KEY, "rcm.E002"),
        ("PHI_KEYS", SHORTEST_PHI_KEY, "rcm.E008"),
        ("PHI_INDEX_KEY", SHORTEST_PHI_KEY, "rcm.E009"),
    ):
        value = getattr(settings, name)
        keys = value if isinstance(value, list) else [value]
        if any(key == settings.MISSING_SECRET or len(key) < shortest for key in keys):
            yield Error(
                f"{name} must be set to at least {shortest} characters in production.",
                hint=HOW_TO_MAKE_ONE,
                id=check_id,
            )
    if settings.AUDIT_KEY == settings.SECRET_KEY != settings.MISSING_SECRET:
        yield Error(
            "AUDIT_KEY must differ from SECRET_KEY: the one stays when the other is changed.",
            hint=HOW_TO_MAKE_ONE,
            id="rcm.E003",
        )


@register(Tags.security)
def production_knows_its_hosts(**_: Any) -> Iterable[CheckMessage]:
    if settings.PRODUCTION and (not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS):
        yield Error(
            "ALLOWED_HOSTS must name the host names that this site answers to in production.",
            hint="Set it as in ALLOWED_HOSTS=rcm.example.org",
            id="rcm.E004",
        )


@register(Tags.security)
def production_hides_its_errors(**_: Any) -> Iterable[CheckMessage]:
    if settings.PRODUCTION and settings.DEBUG:
        yield Error(
            "DEBUG must be off in production: its error pages show patients' data.",
            hint="Unset DEBUG.",
            id="rcm.E005",
        )


@register(Tags.database)
def production_runs_on_postgresql(**_: Any) -> Iterable[CheckMessage]:
    on_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if settings.PRODUCTION and on_sqlite and not settings.SQLITE_IN_PRODUCTION:
        yield Warning(
            "Production runs on SQLite, which lets one process write at a time.",
            hint="Set DATABASE_URL to a PostgreSQL database, or SQLITE_IN_PRODUCTION=true if you mean it.",
            id="rcm.W001",
        )


@register(Tags.compatibility)
def production_has_a_broker(**_: Any) -> Iterable[CheckMessage]:
    if settings.PRODUCTION and settings.CELERY_BROKER_URL.startswith(("filesystem:", "memory:")):
        yield Error(
            "Production needs a message broker: the one made of files is for a single machine.",
            hint="Set CELERY_BROKER_URL, as in redis://redis:6379/0",
            id="rcm.E006",
        )


@register(Tags.caches)
def web_processes_share_a_cache(**_: Any) -> Iterable[CheckMessage]:
    if settings.WEB_PROCESSES > 1 and str(settings.CACHES["default"]["BACKEND"]).endswith("LocMemCache"):
        yield Error(
            f"{settings.WEB_PROCESSES} web processes would each keep a cache, and rate limits, of their own.",
            hint="Set REDIS_URL, or WEB_CONCURRENCY=1.",
            id="rcm.E007",
        )


@register(Tags.security)
def payments_leave_signed_and_unread(**_: Any) -> Iterable[CheckMessage]:
    if not settings.PAYMENTS_WEBHOOK_URL:
        return
    address = urlsplit(settings.PAYMENTS_WEBHOOK_URL)
    schemes = {"https"} if settings.PRODUCTION else {"https", "http"}
    if address.scheme not in schemes or not address.hostname:
        yield Error(
            "PAYMENTS_WEBHOOK_URL must be an address that begins with https://.",
            hint="Set it as in PAYMENTS_WEBHOOK_URL=https://payments.example.org/net-fees",
            id="rcm.E010",
        )
    if len(settings.PAYMENTS_WEBHOOK_SECRET) < SHORTEST_WEBHOOK_SECRET:
        yield Error(
            f"PAYMENTS_WEBHOOK_SECRET must be set to at least {SHORTEST_WEBHOOK_SECRET} characters.",
            hint=HOW_TO_MAKE_ONE,
            id="rcm.E011",
        )


OURS = (
    production_has_secrets_of_its_own,
    production_knows_its_hosts,
    production_hides_its_errors,
    production_runs_on_postgresql,
    production_has_a_broker,
    web_processes_share_a_cache,
    payments_leave_signed_and_unread,
)


def refuse_unsafe_start() -> None:
    """End the process, with the reasons, where one of our own checks has something to say."""
    problems = [problem for check in OURS for problem in check() if problem.level >= WARNING]
    if problems:
        reasons = "\n".join(f"- {problem.msg} {problem.hint}" for problem in problems)
        raise SystemExit(f"The site does not start:\n{reasons}")
