"""What the production files call exists, and what they set is what the site reads."""

import importlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import environ
import pytest
import yaml
from django.core.management import call_command, get_commands
from django.test import override_settings

from rcm_site.celery import app
from rcm_site.gunicorn import FairWorker
from rcm_site.management.commands.up import programs
from rcm_site.testing.services import CannotRun, Postgres, running

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ["web", "worker", "payments", "facts", "beat", "migrate"]
ENV_EXAMPLE = (ROOT / ".env.example").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
ENV_FILE = {
    "SECRET_KEY": "0123456789abcdef" * 4,
    "AUDIT_KEY": "a7" * 32,
    "PHI_KEYS": "p7" * 32,
    "PHI_INDEX_KEY": "i7" * 32,
    "ALLOWED_HOSTS": "rcm.example.org",
    "SITE_URL": "https://rcm.example.org",
    "DATABASE_OWNER_PASSWORD": "owner",
    "DATABASE_PASSWORD": "site",
}


def interpolate(text: str, env: dict[str, str]) -> str:
    """Compose's ${NAME}, ${NAME:-default} and ${NAME:?message}."""

    def value(match: re.Match[str]) -> str:
        name, operator, word = match.groups()
        if env.get(name):
            return env[name]
        assert operator != ":?", f"{name} is required: {word}"
        return word or ""

    return re.sub(r"\$\{([A-Z_]+)(?:(:[-?])([^}]*))?\}", value, text)


def environment_of(service: str) -> dict[str, str]:
    return {name: interpolate(value, ENV_FILE) for name, value in SERVICES[service]["environment"].items()}


def run(*command: str, env: dict[str, str], cwd: Path = ROOT, code: int = 0) -> str:
    base = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull}
    done = subprocess.run(
        [sys.executable, *command], env=base | env, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


# The environment ---------------------------------------------------------------------------------


def test_every_variable_that_the_site_reads_is_documented_and_no_other():
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", (ROOT / "rcm_site" / "settings.py").read_text()))
    composed = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    documented = re.findall(r"^(?:# )?([A-Z_]+)=", ENV_EXAMPLE, flags=re.MULTILINE)

    assert sorted(documented) == sorted(read | composed)


def test_compose_refuses_to_guess_what_must_be_set():
    required = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))

    assert required == set(ENV_FILE)
    assert set(re.findall(r"^([A-Z_]+)=$", ENV_EXAMPLE, flags=re.MULTILINE)) == required


@pytest.mark.embedded
@pytest.mark.parametrize("service", ["web", "migrate"])
def test_the_deployment_check_is_clean_with_composes_environment(service, tmp_path):
    env = environment_of(service) | {"VAR_DIR": str(tmp_path)}

    said = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", env=env)

    assert "no issues" in said


@pytest.mark.embedded
def test_gunicorn_refuses_unsafe_settings_at_once(tmp_path):
    env = {"PRODUCTION": "true", "VAR_DIR": str(tmp_path)}

    said = run("-m", "gunicorn", "-c", "python:rcm_site.gunicorn", "rcm_site.wsgi", env=env, code=1)

    assert "The site does not start:" in said
    assert "Traceback" not in said


@pytest.mark.django_db(databases=[])
def test_static_files_can_be_collected_with_the_storage_of_production(settings, tmp_path):
    """A stylesheet that names a missing file would stop the image from being built."""
    storage = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    with override_settings(STATIC_ROOT=tmp_path, STORAGES=settings.STORAGES | {"staticfiles": storage}):
        call_command("collectstatic", interactive=False, verbosity=0)

    assert (tmp_path / "staticfiles.json").exists()


# The image ---------------------------------------------------------------------------------------


def test_the_image_copies_what_is_there_and_leaves_tests_and_secrets_out():
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    tops = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}

    assert all((ROOT / name).exists() for name in allowed)
    assert tops < set(allowed)
    assert not {".env", "var", ".git"} & set(allowed)


def test_the_image_runs_as_somebody_without_rights():
    instructions = re.findall(r"^(USER|CMD|RUN|ENV)\b(.*)", DOCKERFILE, flags=re.MULTILINE)

    assert instructions[-2:] == [("USER", " rcm"), ("CMD", f" {json.dumps(SERVICES['web']['command'])}")]


# The compose file ---------------------------------------------------------------------------------


def test_services_depend_on_services_that_are_there_and_can_be_healthy():
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            assert how["condition"] in {"service_healthy", "service_completed_successfully"}
            has_check = "healthcheck" in SERVICES[needed]
            assert has_check or how["condition"] == "service_completed_successfully", (name, needed)


def test_hosts_in_urls_are_services():
    for name in OURS:
        for variable, value in environment_of(name).items():
            if variable != "SITE_URL" and (host := re.search(r"://(?:[^@/]*@)?([^:/]+)", value)):
                assert host[1] in SERVICES, (variable, value)


def test_volumes_and_configs_are_declared():
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    used = {config["source"] for service in SERVICES.values() for config in service.get("configs", [])}

    assert mounted == set(COMPOSE["volumes"])
    assert used == set(COMPOSE["configs"])


def test_everything_that_keeps_running_has_a_health_check_and_starts_again():
    for name, service in SERVICES.items():
        if name != "migrate":
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] == "CMD", name


def test_nothing_is_published_beyond_this_machine():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_broker_never_drops_a_message_and_the_cache_may():
    assert SERVICES["broker"]["command"][-2:] == ["--maxmemory-policy", "noeviction"]
    assert SERVICES["cache"]["command"][-2:] == ["--maxmemory-policy", "allkeys-lru"]


def test_migrations_run_once_before_everything_of_ours():
    for name in ("web", "worker", "payments", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert [name for name in OURS if "migrate" in SERVICES[name]["command"]] == ["migrate"]


@pytest.mark.parametrize("name", OURS)
def test_commands_and_health_checks_call_what_exists(name):
    service = SERVICES[name]
    for command in (service["command"], service.get("healthcheck", {}).get("test", ["CMD"])[1:]):
        if command[:2] == ["python", "manage.py"]:
            assert command[2] in get_commands()
        elif command[:2] == ["python", "-c"]:
            compile(command[2], "healthcheck", "exec")
        elif command:
            assert command[0] in {script.name for script in entry_points(group="console_scripts")}
        for module in re.findall(r"(?:python:)?(rcm_site\.\w+)", " ".join(command)):
            importlib.import_module(module)


def test_only_the_migrations_use_the_databases_owner():
    roles = {name: environ.Env.db_url_config(environment_of(name)["DATABASE_URL"])["USER"] for name in OURS}

    assert roles == dict.fromkeys(OURS, "rcm") | {"migrate": "rcm_owner"}


def test_payments_and_facts_have_workers_of_their_own():
    queues = {route["queue"] for route in app.conf.task_routes.values()}
    listening: set[str] = set()
    for name in ("payments", "facts"):
        heard = {queues_of(SERVICES[name]["command"]), queues_of(programs()[f"{name} worker"])}
        assert len(heard) == 1
        listening |= set(*heard)
    assert listening == queues
    for command in (SERVICES["worker"]["command"], programs()["worker"]):
        assert "--queues" not in " ".join(command)  # and so it takes the default queue alone
    assert app.conf.task_default_queue not in queues


def test_what_nobody_waits_for_leaves_the_cores_to_pages():
    assert {name for name, command in programs().items() if command[0] == "nice"} == {"worker"}
    assert {name for name in OURS if SERVICES[name].get("cpu_shares", 1024) < 1024} == {"worker"}


def queues_of(command: list[str]) -> tuple[str, ...]:
    said = re.search(r"--queues[ =](\S+)", " ".join(command))
    assert said
    return tuple(said[1].split(","))


@pytest.mark.embedded
def test_the_sites_role_reads_and_writes_rows_but_alters_nothing():
    try:
        with running(Postgres) as (server,):
            check_roles(server)
    except CannotRun as reason:
        pytest.skip(str(reason))


def check_roles(server: Postgres) -> None:
    def psql(role: str, *commands: str, database: str = "rcm") -> subprocess.CompletedProcess[str]:
        options = [f"--host={server.directory}", f"--username={role}", f"--dbname={database}", "--no-psqlrc"]
        return subprocess.run(
            [str(server.bin / "psql"), "--set=ON_ERROR_STOP=1", *options, *commands],
            env={**os.environ, "DATABASE_PASSWORD": "it's secret"},
            capture_output=True,
            text=True,
            check=False,
        )

    def url(role: str) -> str:
        return f"postgres://{role}@/{server.directory}/rcm"

    # What the postgres image does with its environment and its configs on the first start.
    script = server.directory / "roles.sql"
    script.write_text(COMPOSE["configs"]["database_roles"]["content"])
    psql("tester", "--command=CREATE ROLE rcm_owner SUPERUSER LOGIN", database="postgres").check_returncode()
    psql("rcm_owner", "--command=CREATE DATABASE rcm", database="postgres").check_returncode()
    psql("rcm_owner", f"--file={script}").check_returncode()
    production = environment_of("web") | {"VAR_DIR": str(server.directory / "var")}
    run("manage.py", "migrate", "--noinput", env=production | {"DATABASE_URL": url("rcm_owner")})

    run("manage.py", "shell", "-c", USE_THE_SITE, env=production | {"DATABASE_URL": url("rcm")})
    for forbidden in (
        "UPDATE accounts_auditentry SET action = 'nothing'",
        "DELETE FROM accounts_auditentry",
        "TRUNCATE accounts_auditentry",
        "ALTER TABLE accounts_auditentry DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TABLE accounts_auditentry",
        "CREATE TABLE mine ()",
    ):
        assert psql("rcm", f"--command={forbidden}").returncode, forbidden


USE_THE_SITE = """
from accounts import audit
from accounts.models import Department, User
user = User.objects.create_user("a@clinic.example", "a-good-long-password", name="A", role="biller")
user.departments.add(Department.objects.create(name="Imaging"))
audit.record(user, "tested")
user.departments.clear()
Department.objects.all().delete()
"""


class Counting(FairWorker):
    """Takes connections in, and does no more with them."""

    def __init__(self, connections: int, processes: int) -> None:
        self.nr_conns, self.cfg = connections, SimpleNamespace(workers=processes)

    def enqueue_req(self, conn: Any) -> None:
        conn.sock.close()


@pytest.mark.parametrize(("processes", "left"), [(2, 1), (1, 0)])
def test_a_busy_process_leaves_a_connection_to_one_that_has_none(
    monkeypatch: pytest.MonkeyPatch, processes: int, left: int
) -> None:
    monkeypatch.setattr(FairWorker, "WAIT_SECONDS", 0.1)
    busy, idle = Counting(10, processes), Counting(0, processes)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        with socket.create_connection(listener.getsockname()):
            first = threading.Thread(target=busy.accept, args=[listener])
            first.start()
            first.join(0.3)
            idle.accept(listener)
            first.join()
    assert (busy.nr_conns, idle.nr_conns) == (11 - left, left)
