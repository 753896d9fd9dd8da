"""The API's common ground: strict JSON in, one shape of error out, pages by cursor.

JSON is read more strictly than Python reads it, because lenient readers disagree: what two systems understand
differently (a key given twice, NaN, a number too long) is refused, by the name of the field where it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import IO, Any, cast

from django.core import signing
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import models
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.http.request import UnreadablePostError
from rest_framework import exceptions, serializers
from rest_framework.pagination import BasePagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.utils.urls import replace_query_param

from .errors import Fields, api_error

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def never_cached(get_response: GetResponse) -> GetResponse:
    """Middleware: no proxy or browser keeps what a view answers, unless the view says otherwise."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


# Errors ------------------------------------------------------------------------------------------

MOST_PROBLEMS = 500  # in one answer; nobody reads on, and a body of nothing else must not cost seconds


class TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = "The request is larger than this site takes."
    default_code = "too_large"


# What Django raises, as the API says it.
AS_API_ERROR: dict[type[Exception], Callable[[], exceptions.APIException]] = {
    Http404: lambda: exceptions.NotFound("There is nothing at this address."),
    PermissionDenied: lambda: exceptions.PermissionDenied("You may not do this."),
    RequestDataTooBig: TooLarge,
    UnreadablePostError: lambda: exceptions.ParseError("The request broke off."),
}


def answer_error(exc: Exception, context: Mapping[str, Any]) -> JsonResponse | None:
    """Give every error of a view the API's one shape; what nobody foresaw is `errors.server_error`'s."""
    for kind, as_api_error in AS_API_ERROR.items():
        if isinstance(exc, kind):
            exc = as_api_error()
    if not isinstance(exc, exceptions.APIException):
        return None
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    fields, messages = told(exc.detail)
    message = " ".join(messages) or "Some fields cannot be taken as they are."
    code = exc.detail.code if isinstance(exc.detail, exceptions.ErrorDetail) else None
    return api_error(exc.status_code, code or exc.default_code, message, fields=fields, headers=headers)


def told(detail: Any) -> tuple[Fields, list[str]]:
    """Errors by the dotted path of their field, and those that belong to no field."""
    fields: Fields = {}
    for path, message in islice(_leaves(detail, ()), MOST_PROBLEMS):
        fields.setdefault(".".join(path), []).append(message)
    return fields, fields.pop("", [])


def _leaves(detail: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            is_whole = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from _leaves(inner, path if is_whole else (*path, str(key)))
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, inner in enumerate(detail):
            # A list holds the messages of one field, or the errors of each row.
            yield from _leaves(inner, path if isinstance(inner, str) else (*path, str(index)))
    else:
        yield path, str(detail)


# Reading -----------------------------------------------------------------------------------------

DEEPEST = 20
LONGEST_NUMBER = 40
FARTHEST_EXPONENT = 300
NOT_TEXT = re.compile("[\0\ud800-\udfff]")  # NUL and halves of characters: no database takes them


@dataclass(frozen=True)
class Unusable:
    """Stands in a parsed body where something was written that is no usable value."""

    reason: str


class StrictJSONParser(JSONParser):
    """JSON that every reader understands alike; numbers with a fraction arrive as exact decimals."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parsercontext: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            body = json.loads(
                stream.read().decode("utf-8"),
                parse_int=_integer,
                parse_float=_decimal,
                parse_constant=lambda name: Unusable(f"{name} is not a number in JSON."),
                object_pairs_hook=_object,
            )
        except UnicodeDecodeError as error:
            raise exceptions.ParseError("The body is not UTF-8.") from error
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise exceptions.ParseError(f"The body is not JSON: it breaks at {where}.") from error
        except RecursionError as error:
            raise exceptions.ParseError("The body is nested too deeply.") from error
        problems: Fields = {}
        for path, reason in islice(_unusable(body, ()), MOST_PROBLEMS):
            problems.setdefault(".".join(path) or api_settings.NON_FIELD_ERRORS_KEY, []).append(reason)
        if problems:
            raise exceptions.ValidationError(problems)
        return body


def _integer(digits: str) -> int | Unusable:
    return int(digits) if len(digits) <= LONGEST_NUMBER else Unusable("This number has too many digits.")


def _decimal(digits: str) -> Decimal | Unusable:
    if len(digits) > LONGEST_NUMBER:
        return Unusable("This number has too many digits.")
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return Unusable("This number is out of range.")
    if abs(number.adjusted()) > FARTHEST_EXPONENT:
        return Unusable("This number is out of range.")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        members[key] = Unusable("This field is given twice.") if key in members else value
    return members


def _unusable(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What a body holds that nobody could store or answer, each with its path."""
    if len(path) > DEEPEST:
        yield path, "This is nested too deeply."
        return
    match value:
        case Unusable(reason):
            yield path, reason
        case str():
            if NOT_TEXT.search(value):
                yield path, "This text holds a character that cannot be stored."
        case dict():
            for key, inner in value.items():
                if NOT_TEXT.search(key):
                    yield path, "A field's name holds a character that cannot be stored."
                else:
                    yield from _unusable(inner, (*path, key))
        case list():
            for index, inner in enumerate(value):
                yield from _unusable(inner, (*path, str(index)))


class StrictFields:
    """For serializers: a field that is unknown, or not a client's to set, is refused by name."""

    def to_internal_value(self, data: Any) -> Any:
        refused = {}
        if isinstance(data, Mapping):
            fields = self.fields  # type: ignore[attr-defined]
            for name in data:
                if name not in fields:
                    refused[name] = ["There is no such field."]
                elif fields[name].read_only:
                    refused[name] = ["This field cannot be changed here."]
        try:
            value = super().to_internal_value(data)  # type: ignore[misc]
        except exceptions.ValidationError as error:
            if isinstance(error.detail, dict):
                raise exceptions.ValidationError({**error.detail, **refused}) from error
            raise
        if refused:
            raise exceptions.ValidationError(refused)
        return value


class StrictSerializer(StrictFields, serializers.Serializer[Any]):
    pass


class StrictModelSerializer(StrictFields, serializers.ModelSerializer[Any]):
    pass


# Pages -------------------------------------------------------------------------------------------


class Cursor(BasePagination):
    """Pages that go on after the last row seen: what arrives meanwhile is neither skipped nor shown twice.

    A view may name its own `ordering`, of columns that are never null; the primary key is always last, so
    that no two rows share a place. A cursor is signed, and good for the ordering that it was made for.
    """

    ordering: tuple[str, ...] = ()
    default_limit = 50
    max_limit = 500

    def paginate_queryset(  # type: ignore[override]  # DRF would take a list as well
        self, queryset: models.QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.url = request.build_absolute_uri()
        self.ordering = (*getattr(view, "ordering", self.ordering), "pk")
        limit = self._limit(request.query_params)
        queryset = queryset.order_by(*self.ordering)
        self.model = queryset.model
        if encoded := request.query_params.get("cursor"):
            queryset = queryset.filter(self._after(self._decoded(encoded)))
        rows = list(queryset[: limit + 1])
        self.last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        following = replace_query_param(self.url, "cursor", self._encoded(self.last)) if self.last else None
        return Response({"next": following, "results": data})

    def _limit(self, query: Mapping[str, str]) -> int:
        text = query.get("limit", str(self.default_limit))
        if text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= self.max_limit:
            return int(text)
        raise exceptions.ValidationError({"limit": [f"A whole number from 1 to {self.max_limit}."]})

    def _salt(self) -> str:
        return f"cursor:{','.join(self.ordering)}"

    def _columns(self) -> Iterator[tuple[str, models.Field[Any, Any], bool]]:
        for column in self.ordering:
            name = column.removeprefix("-")
            field = self.model._meta.pk if name == "pk" else self.model._meta.get_field(name)
            yield field.name, cast("models.Field[Any, Any]", field), column.startswith("-")

    def _encoded(self, row: Any) -> str:
        """Where a row stands: an instance, or its values by name."""
        values = [field.value_to_string(row) for _, field, _ in self._columns()]
        return signing.dumps(values, salt=self._salt(), compress=True)

    def _decoded(self, encoded: str) -> list[str]:
        try:
            return signing.loads(encoded, salt=self._salt())
        except signing.BadSignature as error:
            problem = {"cursor": ["This cursor is not one of this list's."]}
            raise exceptions.ValidationError(problem) from error

    def _after(self, values: list[str]) -> models.Q:
        """Rows behind the given place: equal in the first columns, past it in the next."""
        behind, equal, within = models.Q(pk__in=[]), models.Q(), models.Q()
        for (name, field, is_descending), text in zip(self._columns(), values, strict=True):
            value = field.to_python(text)
            # Says nothing new, but lets the database begin at this place of an index.
            within = within or models.Q((f"{name}__{'lte' if is_descending else 'gte'}", value))
            behind |= equal & models.Q((f"{name}__{'lt' if is_descending else 'gt'}", value))
            equal &= models.Q((name, value))
        return within & behind

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": "string",
                    "format": "uri",
                    "nullable": True,
                    "description": "Where the next page is; null on the last.",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit}
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
            {"name": "limit", "in": "query", "required": False, "schema": limit},
        ]
