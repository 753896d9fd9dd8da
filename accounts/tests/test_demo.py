"""The demo's people."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.demo import COLLEAGUES, DEPARTMENTS, SIGN_INS
from accounts.models import Department, User
from accounts.roles import ROLES

pytestmark = pytest.mark.django_db


def test_there_is_one_person_for_each_role_and_each_can_sign_in() -> None:
    call_command("seed_demo", claims=0)
    assert set(User.objects.values_list("role", flat=True)) == set(ROLES)
    for _, email, password in SIGN_INS:
        assert Client().post("/sign-in/", {"login": email, "password": password}).status_code == 302


def test_the_demo_is_made_once_and_never_beside_real_people() -> None:
    call_command("seed_demo", claims=0)
    User.objects.filter(email="coder@demo.example").update(name="Renamed")
    call_command("seed_demo", claims=0)
    assert User.objects.count() == 28
    assert User.objects.get(email="coder@demo.example").name == "Renamed"


def test_every_department_has_people_for_each_kind_of_work_who_cannot_sign_in_as_colleagues() -> None:
    call_command("seed_demo", claims=0)
    for department in Department.objects.all():
        assert {"biller", "coder", "ar_agent", "manager"} <= set(
            department.members.values_list("role", flat=True)
        )
    assert set(Department.objects.values_list("name", flat=True)) == set(DEPARTMENTS)
    names = [name for colleagues in COLLEAGUES.values() for name in colleagues]
    assert not any(user.has_usable_password() for user in User.objects.filter(name__in=names))


def test_production_gets_no_demo(settings: pytest.FixtureRequest) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="never in production"):
        call_command("seed_demo", claims=0)
    assert not User.objects.exists()
