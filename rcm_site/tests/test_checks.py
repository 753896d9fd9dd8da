import pytest
from django.core.checks import run_checks

from rcm_site.checks import OURS, refuse_unsafe_start

SQLITE = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
POSTGRESQL = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "rcm"}}
LOCAL_MEMORY = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
REDIS = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://cache"}}
PRODUCTION = {
    "PRODUCTION": True,
    "DEBUG": False,
    "SECRET_KEY": "s" * 50,
    "AUDIT_KEY": "a" * 32,
    "PHI_KEYS": ["p" * 32],
    "PHI_INDEX_KEY": "i" * 32,
    "ALLOWED_HOSTS": ["rcm.example.org"],
    "DATABASES": POSTGRESQL,
    "CACHES": REDIS,
    "CELERY_BROKER_URL": "redis://broker:6379/0",
    "WEB_PROCESSES": 3,
}
WEBHOOK = {
    "PAYMENTS_WEBHOOK_URL": "https://payments.example.org/net-fees",
    "PAYMENTS_WEBHOOK_SECRET": "w" * 32,
}


@pytest.fixture
def configure(monkeypatch):
    """Production as it should be, but for what is named; the connections in use stay as they are."""

    def configure_production(**changes):
        for name, value in {**PRODUCTION, **changes}.items():
            monkeypatch.setattr(f"django.conf.settings.{name}", value)

    return configure_production


def found() -> list[str | None]:
    return [problem.id for check in OURS for problem in check()]


def test_the_embedded_site_is_safe_as_it_comes(settings):
    assert found() == []
    refuse_unsafe_start()


def test_production_as_it_should_be_is_safe(configure):
    configure()

    assert found() == []
    refuse_unsafe_start()


def test_production_with_a_signed_webhook_is_safe(configure):
    configure(**WEBHOOK)

    assert found() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"SECRET_KEY": "insecure-no-secret-was-set"}, "rcm.E001"),
        ({"SECRET_KEY": "s" * 49}, "rcm.E001"),
        ({"AUDIT_KEY": "insecure-no-secret-was-set"}, "rcm.E002"),
        ({"AUDIT_KEY": "a" * 31}, "rcm.E002"),
        ({"AUDIT_KEY": "s" * 50}, "rcm.E003"),
        ({"PHI_KEYS": ["p" * 32, "short"]}, "rcm.E008"),
        ({"PHI_INDEX_KEY": "insecure-no-secret-was-set"}, "rcm.E009"),
        ({"ALLOWED_HOSTS": []}, "rcm.E004"),
        ({"ALLOWED_HOSTS": ["*"]}, "rcm.E004"),
        ({"DEBUG": True}, "rcm.E005"),
        ({"DATABASES": SQLITE}, "rcm.W001"),
        ({"CELERY_BROKER_URL": "filesystem://"}, "rcm.E006"),
        ({"CACHES": LOCAL_MEMORY}, "rcm.E007"),
        ({**WEBHOOK, "PAYMENTS_WEBHOOK_URL": "http://payments.example.org/"}, "rcm.E010"),
        ({**WEBHOOK, "PAYMENTS_WEBHOOK_URL": "https:///net-fees"}, "rcm.E010"),
        ({**WEBHOOK, "PAYMENTS_WEBHOOK_SECRET": "w" * 31}, "rcm.E011"),
    ],
)
def test_production_is_refused(configure, changes, problem):
    configure(**changes)

    assert found() == [problem]
    with pytest.raises(SystemExit, match="The site does not start"):
        refuse_unsafe_start()


def test_sqlite_in_production_can_be_meant(configure):
    configure(DATABASES=SQLITE, SQLITE_IN_PRODUCTION=True)

    assert found() == []


def test_several_web_processes_need_a_shared_cache_outside_production_too(configure):
    configure(PRODUCTION=False, CACHES=LOCAL_MEMORY, WEB_PROCESSES=2)

    assert found() == ["rcm.E007"]


def test_a_refusal_gives_every_reason_and_the_way_out(configure):
    configure(ALLOWED_HOSTS=[], DEBUG=True)

    with pytest.raises(SystemExit) as refusal:
        refuse_unsafe_start()

    assert str(refusal.value).splitlines() == [
        "The site does not start:",
        (
            "- ALLOWED_HOSTS must name the host names that this site answers to in production. "
            "Set it as in ALLOWED_HOSTS=rcm.example.org"
        ),
        "- DEBUG must be off in production: its error pages show patients' data. Unset DEBUG.",
    ]


def test_django_runs_our_checks(configure):
    configure(ALLOWED_HOSTS=[])

    assert "rcm.E004" in {problem.id for problem in run_checks(tags=["security"])}
