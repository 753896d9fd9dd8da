"""The Django admin under our name; people sign in to it where they sign in to everything else."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

OURS = {"accounts", "claims", "analytics", "rcm_site"}


class SiteAdmin(AdminSite):
    site_header = "Revenue cycle admin"
    site_title = "Revenue cycle admin"
    index_title = "People, claims, payers, and what happened to them"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only our own: other packages bring admin pages unasked, one with everybody's tokens on it."""
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        ours = [model for model in models if model._meta.app_label in OURS]
        super().register(ours, admin_class, **options)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("admin:index")  # RequireAccess has sent whoever may not be here to our own sign-in

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("profile")
