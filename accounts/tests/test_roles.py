"""Roles are data: what they name must exist."""

import pytest
from django.apps import apps

from accounts.models import User
from accounts.roles import ROLES, Sees, role_of


def declared_permissions() -> set[str]:
    return {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename in [
            *(f"{action}_{model._meta.model_name}" for action in model._meta.default_permissions),
            *(name for name, _ in model._meta.permissions),
        ]
    }


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_a_role_names_only_permissions_that_a_model_declares(role: object) -> None:
    assert role.permissions - declared_permissions() == set()  # type: ignore[attr-defined]


def test_the_auditor_may_read_the_trail_and_nothing_else() -> None:
    assert ROLES["auditor"].permissions == {"accounts.read_audit_trail"}
    assert ROLES["auditor"].sees == Sees.NOTHING


def test_an_unknown_role_allows_nothing() -> None:
    user = User(email="x@clinic.example", role="janitor")
    assert role_of("janitor").permissions == frozenset()
    assert not user.has_perm("analytics.view_dashboard")
    assert not user.sees_everything
    assert user.phi_masked


def test_a_disabled_superuser_may_do_nothing() -> None:
    assert not User(is_superuser=True, is_active=False).has_perm("accounts.use_admin")


def test_patients_are_masked_for_those_who_need_no_names() -> None:
    assert {key for key, role in ROLES.items() if role.phi_masked} == {"analyst", "auditor"}
