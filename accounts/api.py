"""Signing in for other systems, and one's own profile."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from axes.utils import reset as forget_failures
from django.contrib.auth import authenticate
from django.http import HttpRequest
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rcm_site.api import StrictModelSerializer, StrictSerializer

from . import audit, people, tokens
from .access import ANYONE, SIGNED_IN, person
from .models import Department, User
from .throttle import account_of


class Credentials(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=4096, trim_whitespace=False, style={"input_type": "password"})


class Renewal(StrictSerializer):
    refresh = serializers.CharField(max_length=4096)


class TokenPair(serializers.Serializer[tokens.TokenPair]):
    access = serializers.CharField(help_text="Sent as `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="Good for one renewal.")
    expires_in = serializers.IntegerField(help_text="Seconds for which `access` is good.")


PAIR = OpenApiExample(
    "Signed in",
    value={"access": "eyJhbGciOi…", "refresh": "eyJhbGciOi…", "expires_in": 600},
    response_only=True,
)


class TokenView(APIView):
    """Open to anyone: what lets somebody in is in the body, never in a header or a cookie."""

    access = ANYONE
    authentication_classes = ()

    def get_authenticate_header(self, request: Request) -> str:
        return tokens.TokenAuthentication().authenticate_header(request)


class SignIn(TokenView):
    @extend_schema(
        operation_id="sign_in",
        summary="Sign in",
        description="Trade an e-mail and a password for tokens. Too many failures answer 429 for a while.",
        request=Credentials,
        responses=TokenPair,
        examples=[
            PAIR,
            OpenApiExample(
                "Somebody", value={"email": "ana.ruiz@clinic.example", "password": "…"}, request_only=True
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        form = Credentials(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(asdict(sign_in(form.validated_data, request._request)))


def sign_in(credentials: dict[str, str], request: HttpRequest) -> tokens.TokenPair:
    """Counted and locked together with the sign-in page: both go through Django's `authenticate`."""
    user = authenticate(request, **credentials)
    if not isinstance(user, User):
        raise exceptions.AuthenticationFailed("This e-mail and password do not belong together.")
    forget_failures(ip=audit.client_address(request), username=account_of(request, credentials))
    audit.record(user, "sign_in", user, request=request, superuser=user.is_superuser, way="API")
    return tokens.issue(user=user, request=request)


class Renew(TokenView):
    @extend_schema(
        operation_id="renew_tokens",
        summary="Renew tokens",
        description=(
            "Trade a `refresh` token for the next pair. Each is good once: if one comes back, it was copied, "
            "and all tokens that followed from the same sign-in end."
        ),
        request=Renewal,
        responses=TokenPair,
        examples=[PAIR],
    )
    def post(self, request: Request) -> Response:
        form = Renewal(data=request.data)
        form.is_valid(raise_exception=True)
        pair = tokens.renew(encoded=form.validated_data["refresh"], request=request._request)
        return Response(asdict(pair))


class RoleSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # every field has a label of its own


class DepartmentSerializer(serializers.ModelSerializer[Department]):
    class Meta:
        model = Department
        fields = ("id", "name")


class ProfileSerializer(StrictModelSerializer):
    role = RoleSerializer(source="role_now", read_only=True)
    departments = DepartmentSerializer(many=True, read_only=True)

    class Meta:
        model = User
        fields = (
            "id",
            "name",
            "email",
            "role",
            "departments",
            "theme",
            "default_period",
            "wants_digest",
            "digest_every",
            "time_zone",
        )
        read_only_fields = ("id", "email")


SOMEBODY = OpenApiExample(
    "Somebody",
    value={
        "id": 7,
        "name": "Ana Ruiz",
        "email": "ana.ruiz@clinic.example",
        "role": {"key": "biller", "label": "Biller"},
        "departments": [{"id": 1, "name": "Cardiology"}],
        "theme": "system",
        "default_period": "last_30_days",
        "wants_digest": False,
        "digest_every": "day",
        "time_zone": "America/Chicago",
    },
    response_only=True,
)


class Profile(APIView):
    access = SIGNED_IN

    @extend_schema(
        operation_id="read_profile",
        summary="Read one's own profile",
        responses=ProfileSerializer,
        examples=[SOMEBODY],
    )
    def get(self, request: Request) -> Response:
        return Response(ProfileSerializer(request.user).data)

    @extend_schema(
        operation_id="change_profile",
        summary="Change one's own name or preferences",
        description="The other fields are an administrator's to set; a body that names one is refused.",
        request=ProfileSerializer,
        responses=ProfileSerializer,
        examples=[OpenApiExample("Dark theme", value={"theme": "dark"}, request_only=True), SOMEBODY],
    )
    def patch(self, request: Request) -> Response:
        form = ProfileSerializer(request.user, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        user = people.update_profile(
            user=person(request._request), changes=form.validated_data, request=request._request
        )
        return Response(ProfileSerializer(user).data)
