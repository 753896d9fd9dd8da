"""What the logs say: one line per request and task, made of an allow-list of fields.

A log is read by more people than a patient's record is, and kept in more places. So nothing reaches it by
accident: fields that are not listed here are dropped, an exception gives its class and its frames but never
its message (PostgreSQL's hold whole rows), and other packages' messages come without their values.
"""

from __future__ import annotations

import logging.config
import re
import sys
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import empty
from structlog.contextvars import bound_contextvars, get_contextvars
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

FIELDS = frozenset(
    {
        *("timestamp", "level", "event", "logger", "where"),
        *("request_id", "method", "route", "status", "ms", "user"),
        *("task", "task_id", "state"),
        *("error", "caused_by", "frames"),
        *("id", "count", "attempts", "seconds", "retry_in", "check", "position", "mac"),
    }
)
WITHHELD = "message withheld: see where"
LONGEST_TEXT = 300
MOST_FRAMES = 30
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by machines: they speak up only when they fail.
QUIET = ("/health", "/metrics")

# Where code lives that a frame names: other packages, Python itself, and the site.
SHORTENED = (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), str(Path(__file__).parents[1]))
# Loggers that come with handlers of their own, past our formatter.
HAVE_HANDLERS = ("django", "django.server", "gunicorn.error", "gunicorn.access")

log = structlog.get_logger(__name__)


# Setting up ----------------------------------------------------------------------------------------


def set_up(options: dict[str, Any]) -> None:
    """Send every logger, ours and other packages', through one formatter (Django's LOGGING_CONFIG)."""
    private = options["private"]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_common(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    quieter = {"level": "WARNING"}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"site": {"()": formatter, "private": private}},
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "site"}},
            "root": {"handlers": ["console"], "level": options["level"]},
            "loggers": {
                **{name: {"handlers": [], "propagate": True} for name in HAVE_HANDLERS},
                # RequestLog and the task signals of celery.py say the same, with fewer words.
                "django.request": {"level": "ERROR"},
                "celery.app.trace": quieter,
                "celery.beat": quieter,
                "celery.worker.strategy": quieter,
                "kombu.connection": {"level": "ERROR"},  # warns that the broker of files has no host name
            },
        }
    )


def formatter(*, private: bool) -> ProcessorFormatter:
    """JSON that keeps other people's words out, or (on a developer's own screen) lines to read."""
    to_read = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    to_ship = structlog.processors.JSONRenderer(sort_keys=True)
    ending: list[Processor] = (
        [describe_exception, keep_listed_fields, to_ship] if private else [keep_listed_fields, to_read]
    )
    return ProcessorFormatter(
        foreign_pre_chain=[*_common(), *([withhold_values] if private else [])],
        processors=[_drop_record, *ending],
        use_get_message=not private,
        pass_foreign_args=True,
    )


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
    ]


# What may be said -----------------------------------------------------------------------------------


def keep_listed_fields(_: Any, __: str, event: EventDict) -> EventDict:
    kept = {key: _short(value) for key, value in event.items() if key in FIELDS}
    if "exc_info" in event:  # only on a developer's screen: describe_exception has taken it otherwise
        kept["exc_info"] = event["exc_info"]
    return kept


def _short(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case list():
            return [_short(item) for item in value[:MOST_FRAMES]]
    return str(value)[:LONGEST_TEXT]


def withhold_values(_: Any, __: str, event: EventDict) -> EventDict:
    """Other packages' messages: the constant with its gaps unfilled, or only the place that spoke.

    A message without arguments may have been put together beforehand, with a path or a row in it.
    """
    record = event["_record"]
    if not event.get("positional_args"):
        event["event"] = WITHHELD
    event["where"] = f"{_short_path(record.pathname)}:{record.lineno}:{record.funcName}"
    return event


def describe_exception(_: Any, __: str, event: EventDict) -> EventDict:
    exception = _exception(event.pop("exc_info", None))
    if exception is not None:
        event["error"] = _class_of(exception)
        event["frames"] = _frames(exception.__traceback__)
        if causes := [_class_of(cause) for cause in _causes(exception)]:
            event["caused_by"] = causes
    return event


def _exception(exc_info: Any) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, exception, _):
            return exception
    return sys.exc_info()[1] if exc_info else None


def _class_of(exception: BaseException) -> str:
    return f"{type(exception).__module__}.{type(exception).__qualname__}"


def _causes(exception: BaseException) -> Iterator[BaseException]:
    seen = {exception}
    while (cause := exception.__cause__ or exception.__context__) is not None and cause not in seen:
        seen.add(cause)
        yield cause
        exception = cause


def _frames(traceback: TracebackType | None) -> list[str]:
    """Where it went wrong, the place itself last: `file:line:function`, no values."""
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{_short_path(code.co_filename)}:{traceback.tb_lineno}:{code.co_name}")
        traceback = traceback.tb_next
    return frames[-MOST_FRAMES:]


def _short_path(path: str) -> str:
    for folder in SHORTENED:
        path = path.removeprefix(f"{folder}/")
    return path


def _drop_record(_: Any, __: str, event: EventDict) -> EventDict:
    for key in ("_record", "_from_structlog", "positional_args"):
        event.pop(key, None)
    return event


# Requests -------------------------------------------------------------------------------------------


def current_request_id() -> str:
    """The request (or the task that a request asked for) that is being worked on; empty outside of one."""
    return get_contextvars().get("request_id", "")


class RequestLog:
    """Give each request an id that its log lines, audit rows and tasks share, and log one line for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = _given_id(request) or uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        with bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            _log_answer(request, response, time.perf_counter() - started)
        return response


def _given_id(request: HttpRequest) -> str:
    """A proxy of ours may have named the request already; nobody else chooses what the audit trail holds."""
    given = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
    return given if REQUEST_ID.fullmatch(given) else ""


def _log_answer(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match = request.resolver_match
    log.log(
        _level_of(request, response),
        "request",
        method=request.method if request.method in METHODS else "OTHER",
        route=match.route if match else None,  # never the path: it holds ids and tokens
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        user=_user_id(request),
    )


def _level_of(request: HttpRequest, response: HttpResponseBase) -> int:
    if response.status_code >= 500:
        return logging.ERROR
    return logging.DEBUG if request.path.startswith((*QUIET, settings.STATIC_URL)) else logging.INFO


def _user_id(request: HttpRequest) -> Any:
    """Who was signed in, if the request looked: the log itself must not ask the database."""
    user = getattr(request, "user", None)
    if user is None or getattr(user, "_wrapped", user) is empty:
        return None
    return user.pk
