"""Signing in and out, and what happens to those who guess."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts import throttle
from accounts.models import AuditEntry, User
from accounts.sign_ins import typed_account
from rcm_site.testing.makers import PASSWORD, make_user

pytestmark = pytest.mark.django_db
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


def try_sign_in(email: str, password: str = "wrong", address: str = HERE) -> Any:
    return Client().post("/sign-in/", {"login": email, "password": password}, REMOTE_ADDR=address)


def is_in(response: Any) -> bool:
    return response.status_code == 302


def test_people_land_where_their_day_begins(client: Client) -> None:
    for role, page in [("biller", "/dashboard/"), ("auditor", "/audit/"), ("", "/profile/")]:
        user = make_user(role)
        visitor = Client()
        visited = visitor.post("/sign-in/", {"login": user.email, "password": PASSWORD}, follow=True)
        assert visited.redirect_chain[-1] == (page, 302)


def test_sign_in_goes_on_to_the_page_asked_for_but_never_to_another_site() -> None:
    user = make_user()
    credentials = {"login": user.email, "password": PASSWORD}
    assert Client().post("/sign-in/", credentials | {"next": "/profile/"})["Location"] == "/profile/"
    assert Client().post("/sign-in/", credentials | {"next": "//evil.example/"})["Location"] == "/"


def test_the_trail_tells_of_sign_in_sign_out_and_failure() -> None:
    user = make_user(email="ana@clinic.example")
    try_sign_in("ana@clinic.example")
    try_sign_in("ghost@clinic.example")
    visitor = Client()
    visitor.post("/sign-in/", {"login": "ANA@clinic.example", "password": PASSWORD})
    visitor.post("/sign-out/")
    told = AuditEntry.objects.order_by("id").values_list("action", "actor", "actor_name", "outcome")
    assert list(told) == [
        ("sign_in.failed", user.pk, user.email, "failed"),
        ("sign_in.failed", None, "ghost@clinic.example", "failed"),
        ("sign_in", user.pk, user.email, "done"),
        ("sign_out", user.pk, user.email, "done"),
    ]


def test_a_thousand_guesses_are_stopped_and_nobody_else_is_locked_out() -> None:
    victim, neighbour = make_user(email="victim@clinic.example"), make_user(email="other@clinic.example")
    statuses = [try_sign_in(victim.email).status_code for _ in range(60)]
    assert statuses[:4] == [200] * 4
    assert set(statuses[4:]) == {429}
    assert AuditEntry.objects.filter(action="sign_in.failed").count() == 5
    assert try_sign_in(victim.email, PASSWORD).status_code == 429
    assert is_in(try_sign_in(neighbour.email, PASSWORD))
    assert is_in(try_sign_in(victim.email, PASSWORD, ELSEWHERE))


def test_a_locked_person_is_told_how_long_to_wait() -> None:
    user = make_user()
    response = [try_sign_in(user.email) for _ in range(6)][-1]
    assert (response.status_code, response["Retry-After"]) == (429, "900")
    assert "15 minutes" in response.text


def test_spelling_an_account_differently_gives_no_more_guesses() -> None:
    make_user(email="ana@clinic.example")
    spellings = ["ana@clinic.example", "ANA@clinic.example", " ana@clinic.example ", "Ana@Clinic.Example"]
    statuses = [try_sign_in(spelling).status_code for spelling in spellings * 2]
    assert statuses[5:] == [429] * 3


def test_an_address_that_tries_many_accounts_is_stopped_but_lets_in_who_is_known_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttle, "ADDRESS_LIMIT", 10)
    regular, newcomer = make_user(), make_user()
    assert is_in(try_sign_in(regular.email, PASSWORD))
    for number in range(10):
        try_sign_in(f"guess{number}@clinic.example")
    assert try_sign_in(newcomer.email, PASSWORD).status_code == 429
    assert is_in(try_sign_in(newcomer.email, PASSWORD, ELSEWHERE))
    assert is_in(try_sign_in(regular.email, PASSWORD))


def test_a_forged_forwarding_header_does_not_evade_the_lock() -> None:
    user = make_user()
    last = None
    for number in range(8):
        last = Client().post(
            "/sign-in/",
            {"login": user.email, "password": "wrong"},
            REMOTE_ADDR=HERE,
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        )
    assert last is not None
    assert last.status_code == 429


def test_a_disabled_person_is_told_nothing_without_the_right_password() -> None:
    user = make_user(is_active=False)
    unknown = try_sign_in("nobody@clinic.example")
    wrong = try_sign_in(user.email)
    assert (unknown.status_code, wrong.status_code) == (200, 200)
    assert "inactive" not in wrong.text


def test_nobody_signs_up_and_others_addresses_are_not_given_away() -> None:
    assert Client().get("/signup/").status_code == 404
    Client().post("/password/reset/", {"email": "nobody@clinic.example"})
    assert mail.outbox == []


def test_a_forgotten_password_is_reset_by_mail_whatever_host_was_asked(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://rcm.clinic.example"
    user = make_user(email="ana@clinic.example")
    old_session = Client()
    old_session.post("/sign-in/", {"login": user.email, "password": PASSWORD})
    page = Client().post(
        "/password/reset/", {"email": "ANA@clinic.example"}, headers={"Host": "evil.example"}
    )
    assert page.status_code == 302
    (message,) = mail.outbox
    assert "evil.example" not in str(message.message())
    path = re.search(r"https://rcm\.clinic\.example(/password/reset/\S+/)", str(message.body))[1]  # type: ignore[index]
    visitor = Client()
    form_at = visitor.get(path)["Location"]
    new = "another-good-long-password"
    visitor.post(form_at, {"password1": new, "password2": new})
    assert not is_in(try_sign_in(user.email, PASSWORD))
    assert is_in(try_sign_in(user.email, new))
    assert visitor.get(path).status_code == 200  # used up: the page says so instead of sending to the form
    assert old_session.get("/profile/").status_code == 302
    assert AuditEntry.objects.filter(action="password.reset", actor=user).count() == 1


def test_changing_the_password_is_audited_and_keeps_this_session_only(client: Client, sign_in: Any) -> None:
    user = sign_in("biller")
    other = Client()
    other.post("/sign-in/", {"login": user.email, "password": PASSWORD})
    new = "another-good-long-password"
    client.post("/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert User.objects.get(pk=user.pk).check_password(new)
    assert client.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302
    assert AuditEntry.objects.filter(action="password.changed").count() == 1


def test_passwords_are_kept_with_argon2(settings: Any) -> None:
    from rcm_site import settings as real

    settings.PASSWORD_HASHERS = real.PASSWORD_HASHERS
    assert make_user().password.startswith("argon2$argon2id$")


def test_what_is_no_address_is_not_written_down_for_it_may_be_a_password() -> None:
    assert typed_account("hunter2") == "not an e-mail address"
    assert typed_account("ghost@clinic.example") == "ghost@clinic.example"


def test_nobodys_mailbox_is_flooded_with_reset_mails() -> None:
    user = make_user()
    pages = [Client().post("/password/reset/", {"email": user.email}) for _ in range(8)]
    assert {page.status_code for page in pages} == {302}
    assert len(mail.outbox) == 5
    assert AuditEntry.objects.filter(action="password.reset_asked", actor=user).count() == 8
