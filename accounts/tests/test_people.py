"""Inviting people, changing what they may do, letting them go: through the admin, as administrators do it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts import people
from accounts.models import AuditEntry, User
from rcm_site.testing.makers import PASSWORD, make_department, make_user

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "a-password-of-my-own"


def link_in(message: mail.EmailMessage) -> str:
    return re.search(r"https?://[^/]+(/\S+)", str(message.body))[1]  # type: ignore[index]


@pytest.fixture
def admin(client: Client, sign_in: Any) -> User:
    return sign_in("admin")


def invite(client: Client, **fields: Any) -> User:
    department = make_department("Imaging")
    body = {
        "name": "Nia New",
        "email": "Nia@Clinic.example",
        "role": "biller",
        "departments": [department.pk],
    }
    response = client.post(reverse("admin:accounts_user_add"), body | fields)
    assert response.status_code == 302, response.context["errors"]
    return User.objects.get(name="Nia New")


def test_an_invited_person_chooses_a_password_and_signs_in(client: Client, admin: User) -> None:
    user = invite(client)
    assert (user.email, user.role, user.has_usable_password()) == ("nia@clinic.example", "biller", False)
    link = link_in(mail.outbox[0])
    visitor = Client()
    page = visitor.post(link, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}, follow=True)
    assert "Sign in with your e-mail" in page.text
    visitor.post("/sign-in/", {"login": "NIA@clinic.example", "password": NEW_PASSWORD})
    assert visitor.get("/profile/").status_code == 200
    assert list(
        AuditEntry.objects.filter(subject_id=user.pk).order_by("id").values_list("action", flat=True)
    ) == [
        "user.added",
        "user.invited",
        "invitation.accepted",
        "sign_in",
    ]


def test_an_invitation_works_once(client: Client, admin: User) -> None:
    invite(client)
    link = link_in(mail.outbox[0])
    Client().post(link, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})
    assert Client().get(link).status_code == 410


@pytest.mark.parametrize("spoil", ["late", "disabled", "forged", "other e-mail"])
def test_a_link_that_no_longer_invites_says_so(settings: Any, spoil: str) -> None:
    user = make_user(password=None)
    token = people.invitation_token(user)
    assert people.invited_by_token(token) == user
    match spoil:
        case "late":
            settings.INVITATION_LIFETIME = timedelta(seconds=-1)
        case "disabled":
            User.objects.filter(pk=user.pk).update(is_active=False)
        case "forged":
            token = token[:-2]
        case "other e-mail":
            User.objects.filter(pk=user.pk).update(email="other@clinic.example")
    assert Client().get(f"/invitation/{token}/").status_code == 410


def test_a_weak_password_is_refused_with_the_reason(client: Client) -> None:
    user = make_user(password=None)
    link = reverse("invitation", args=[people.invitation_token(user)])
    page = client.post(link, {"new_password1": "short", "new_password2": "short"})
    assert "at least 12 characters" in page.text
    assert not User.objects.get(pk=user.pk).has_usable_password()


def test_an_edit_in_the_admin_is_audited_with_old_and_new_values(client: Client, admin: User) -> None:
    user = make_user("biller", name="Bo")
    heart = make_department("Heart")
    client.post(
        reverse("admin:accounts_user_change", args=[user.pk]),
        {"name": "Bo", "email": user.email, "role": "manager", "departments": [heart.pk], "is_active": "on"},
    )
    entry = AuditEntry.objects.get(action="user.changed")
    assert entry.actor == admin
    assert entry.details["changes"] == {"role": ["biller", "manager"], "departments": [[], ["Heart"]]}


def test_a_changed_address_no_longer_signs_in(client: Client, admin: User) -> None:
    user = make_user(email="old@clinic.example")
    EmailAddress.objects.create(user=user, email="old@clinic.example", primary=True, verified=True)
    body = {"name": user.name, "email": "new@clinic.example", "role": "biller", "is_active": "on"}
    client.post(reverse("admin:accounts_user_change", args=[user.pk]), body)
    visitor = Client()
    visitor.post("/sign-in/", {"login": "old@clinic.example", "password": PASSWORD})
    assert visitor.get("/profile/").status_code == 302
    visitor.post("/sign-in/", {"login": "new@clinic.example", "password": PASSWORD})
    assert visitor.get("/profile/").status_code == 200


def test_an_admin_cannot_make_or_touch_a_superuser(client: Client, admin: User) -> None:
    user, root = make_user("biller"), make_user("", is_superuser=True)
    body = {"name": "X", "email": user.email, "role": "biller", "is_active": "on", "is_superuser": "on"}
    client.post(reverse("admin:accounts_user_change", args=[user.pk]), body)
    assert not User.objects.get(pk=user.pk).is_superuser
    assert client.post(reverse("admin:accounts_user_change", args=[root.pk]), body).status_code == 403
    client.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "disable", "_selected_action": [root.pk, admin.pk, user.pk]},
    )
    assert [User.objects.get(pk=each.pk).is_active for each in (root, admin, user)] == [True, True, False]
    assert AuditEntry.objects.filter(action="user.disabled").count() == 1


def test_an_admin_cannot_take_their_own_role_away(client: Client, admin: User) -> None:
    body = {"name": "Me", "email": admin.email, "role": "biller", "is_active": ""}
    client.post(reverse("admin:accounts_user_change", args=[admin.pk]), body)
    admin.refresh_from_db()
    assert (admin.name, admin.role, admin.is_active) == ("Me", "admin", True)


def test_only_people_who_never_joined_are_invited_again(client: Client, admin: User) -> None:
    waiting, joined = make_user(password=None), make_user()
    client.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "invite_again", "_selected_action": [waiting.pk, joined.pk]},
    )
    assert [message.to for message in mail.outbox] == [[waiting.email]]


def test_the_profile_page_saves_preferences_and_audits_them(client: Client, sign_in: Any) -> None:
    user = sign_in("biller", name="Ana")
    body = {
        "name": "Ana",
        "theme": "dark",
        "default_period": "last_month",
        "digest_every": "day",
        "role": "admin",
        "is_superuser": "on",
    }
    client.post("/profile/", body)
    user.refresh_from_db()
    assert (user.theme, user.default_period, user.role, user.is_superuser) == (
        "dark",
        "last_month",
        "biller",
        False,
    )
    entry = AuditEntry.objects.get(action="profile.changed")
    assert entry.details["changes"] == {
        "theme": ["system", "dark"],
        "default_period": ["last_30_days", "last_month"],
    }


def test_a_superuser_made_on_the_command_line_is_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a-long-emergency-password")
    call_command(
        "createsuperuser", "--noinput", "--email", "root@clinic.example", "--name", "Root", verbosity=0
    )
    entry = AuditEntry.objects.get(action="superuser.added")
    assert entry.subject_id == str(User.objects.get(email="root@clinic.example").pk)


@pytest.mark.parametrize("ticked", ["abc", "9" * 30, "-1", ""])
def test_an_action_on_what_is_no_row_is_refused(client: Client, sign_in: Any, ticked: str) -> None:
    sign_in("admin")

    answer = client.post("/admin/accounts/user/", {"action": "disable", "_selected_action": [ticked]})

    assert answer.status_code == 400
