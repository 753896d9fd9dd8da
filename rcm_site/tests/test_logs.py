import io
import json
import logging
import re
from typing import Any

import pytest
import structlog
from django.test import Client, RequestFactory

from rcm_site import logs

CANARY = "Jane-Canary-Doe"


@pytest.fixture
def lines():
    """What production would log, as read back by whoever collects it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter(private=True))
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


def request_lines(lines: Any) -> list[dict[str, Any]]:
    return [line for line in lines() if line["event"] == "request"]


def test_a_field_that_is_not_listed_is_dropped(lines):
    structlog.get_logger("claims").warning("imported", count=3, patient=CANARY)

    assert lines()[0]["count"] == 3
    assert CANARY not in json.dumps(lines())


def test_an_exception_gives_class_cause_and_frames_but_no_message_and_no_values(lines):
    def fail(patient):
        try:
            raise KeyError(patient)
        except KeyError as missing:
            raise ValueError(f"Failing row contains ({patient})") from missing

    try:
        fail(CANARY)
    except ValueError:
        structlog.get_logger("claims").exception("broke")

    line = lines()[0]
    assert line["error"] == "builtins.ValueError"
    assert line["caused_by"] == ["builtins.KeyError"]
    assert re.fullmatch(r"rcm_site/tests/test_logs.py:\d+:fail", line["frames"][-1])
    assert CANARY not in json.dumps(lines())


def test_a_chain_of_causes_that_bites_its_tail_ends(lines):
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first

    structlog.get_logger("claims").error("broke", exc_info=first)

    assert len(lines()[0]["caused_by"]) == 1


def test_other_packages_messages_come_without_their_values(lines):
    foreign = logging.getLogger("some.library")

    foreign.warning("Not Found: %s", f"/claims/?q={CANARY}")
    foreign.warning(f"Not Found: {CANARY}")
    foreign.error(ValueError(CANARY))
    foreign.warning("with more", extra={"request": CANARY, "status": CANARY})

    assert [line["event"] for line in lines()] == ["Not Found: %s", *[logs.WITHHELD] * 3]
    assert all(line["where"].startswith("rcm_site/tests/test_logs.py:") for line in lines())
    assert CANARY not in json.dumps(lines())


def test_gunicorns_access_line_does_not_leak_the_query(lines):
    atoms = {"h": "10.0.0.1", "r": f"GET /?patient={CANARY} HTTP/1.1"}

    logging.getLogger("gunicorn.access").warning("%(h)s %(r)s", atoms)

    assert lines()[0]["event"] == "%(h)s %(r)s"
    assert CANARY not in json.dumps(lines())


def test_a_developer_reads_the_whole_traceback():
    record = logging.makeLogRecord(
        {"name": "lib", "msg": "went %s", "args": ("wrong",), "levelname": "ERROR"}
    )
    try:
        raise ValueError("the message")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)

    text = logs.formatter(private=False).format(record)

    assert "went wrong" in text
    assert "ValueError: the message" in text


@pytest.mark.django_db
def test_a_request_leaves_one_line_with_its_route_and_never_its_path(client, lines):
    client.get(f"/invitation/{CANARY}/?patient={CANARY}")
    client.get(f"/nowhere/{CANARY}", headers={"user-agent": CANARY})

    found, lost = request_lines(lines)
    assert found["route"] == "invitation/<str:token>/"
    assert (lost["route"], lost["status"], lost["method"]) == (None, 404, "GET")
    assert found["ms"] > 0
    assert CANARY not in json.dumps(lines())


@pytest.mark.django_db
def test_a_request_line_names_the_person_by_id_only(client, sign_in, lines):
    user = sign_in("biller")

    client.get("/profile/")

    assert request_lines(lines)[0]["user"] == user.pk
    assert user.email not in json.dumps(lines())


@pytest.mark.django_db
def test_the_log_itself_asks_the_database_nothing(client, sign_in, lines, django_assert_num_queries):
    sign_in("biller")

    with django_assert_num_queries(0):
        client.get("/health/live")


def test_health_checks_and_files_are_not_logged(client, lines):
    client.get("/health/live")
    client.get("/static/css/site.css")

    assert request_lines(lines) == []


def test_an_unheard_of_method_is_not_repeated(client, lines):
    client.generic(CANARY.upper(), "/nowhere")

    assert request_lines(lines)[0]["method"] == "OTHER"


def test_every_answer_names_its_request_and_the_next_has_another(client: Client):
    first, second = (client.get("/health/live")["X-Request-ID"] for _ in range(2))

    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second


@pytest.mark.parametrize(
    ("proxies", "given", "is_taken"),
    [
        (1, "abcdef-12345", True),
        (0, "abcdef-12345", False),
        (1, "short", False),
        (1, "a" * 65, False),
        (1, "line\nbreak-12345", False),
        (1, "<script>alert", False),
    ],
)
def test_only_a_proxy_of_ours_names_a_request(settings, client, proxies, given, is_taken):
    settings.TRUSTED_PROXIES = proxies

    response = client.get("/health/live", headers={"x-request-id": given})

    assert (response["X-Request-ID"] == given) is is_taken


def test_the_request_id_is_known_inside_a_request_and_gone_after_it():
    seen = []

    def view(request):
        seen.append((logs.current_request_id(), request.request_id))
        return logs.HttpResponseBase(status=204)

    logs.RequestLog(view)(RequestFactory().get("/"))

    assert seen[0][0] == seen[0][1] != ""
    assert logs.current_request_id() == ""
