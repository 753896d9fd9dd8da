"""The API's description of itself: the OpenAPI document, and the page on which people read and try it."""

from __future__ import annotations

from typing import Any

from drf_spectacular import authentication
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request

from accounts.access import SIGNED_IN


class TokenScheme(SimpleJWTScheme):
    target_class = "accounts.tokens.TokenAuthentication"
    name = "token"


class SessionScheme(authentication.SessionScheme):
    target_class = "accounts.tokens.SessionAuthentication"
    name = "session"


ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string", "description": "For programs: stays the same."},
                "message": {"type": "string", "description": "For people: may be worded anew."},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    "description": "What is wrong with which field; nested ones as `lines.0.amount`.",
                },
                "first": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "Where that is what was sent again, for those who may see it.",
                },
            },
        }
    },
}


def _answer(description: str, code: str, message: str, *headers: str, **fields: list[str]) -> dict[str, Any]:
    error = {"error": {"code": code, "message": message, "fields": fields}}
    content = {"schema": {"$ref": "#/components/schemas/Error"}, "example": error}
    return {
        "description": description,
        "headers": {name: {"schema": {"type": "string"}} for name in headers},
        "content": {"application/json": content},
    }


WHEN_WRONG = {
    "400": _answer(
        "The request cannot be taken as it is",
        "invalid",
        "Some fields cannot be taken as they are.",
        name=["This field may not be blank."],
    ),
    "401": _answer(
        "Not signed in, or no longer",
        "token_not_valid",
        "The token is not valid, or no longer. Sign in again.",
        "WWW-Authenticate",
    ),
    "403": _answer("Signed in, but not allowed to", "permission_denied", "You may not do this."),
    "429": _answer("Too often", "throttled", "Too many requests. Wait a little.", "Retry-After"),
    "503": _answer("Out of reach", "unavailable", "Please try again in a moment.", "Retry-After"),
    "default": _answer("Any other error", "not_found", "There is nothing at this address."),
}


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Give every operation the one shape of error (a hook of drf-spectacular)."""
    result["components"].setdefault("schemas", {})["Error"] = ERROR
    result["components"]["responses"] = {
        f"Error{status.title()}": answer for status, answer in WHEN_WRONG.items()
    }
    for methods in result["paths"].values():
        for operation in methods.values():
            for status in WHEN_WRONG:
                reference = {"$ref": f"#/components/responses/Error{status.title()}"}
                operation["responses"].setdefault(status, reference)
    return result


class Schema(SpectacularAPIView):
    access = SIGNED_IN

    def _get_version_parameter(self, request: Request) -> None:
        """There is one version. A name from the address would end up in a header."""


class Docs(SpectacularSwaggerSplitView):
    access = SIGNED_IN
    http_method_names = ["get", "head"]  # a page has no template to answer OPTIONS with
    url_name = "api_schema"
    template_name = "api_docs.html"
