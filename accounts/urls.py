"""Signing in and out, oneself, and the audit trail. allauth's views keep allauth's names."""

from allauth.account import views as allauth
from django.urls import path, re_path

from . import sessions, views

urlpatterns = [
    path("sign-in/", allauth.login, name="account_login"),
    path("sign-out/", allauth.logout, name="account_logout"),
    path("account-inactive/", allauth.account_inactive, name="account_inactive"),
    path("password/change/", allauth.password_change, name="account_change_password"),
    path("password/reset/", allauth.password_reset, name="account_reset_password"),
    path("password/reset/sent/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[-0-9A-Za-z]+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/done/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("session/", sessions.session_state, name="session_state"),
    path("session/keep/", sessions.session_keep, name="session_keep"),
    path("profile/", views.profile, name="profile"),
    path("audit/", views.audit_trail, name="audit_trail"),
    path("audit/export/", views.audit_export, name="audit_export"),
    path("audit/<int:pk>/", views.audit_entry, name="audit_entry"),
]
