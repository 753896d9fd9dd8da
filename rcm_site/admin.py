"""The Django admin under our name; people sign in to it where they sign in to everything else."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse

from accounts.access import ask_to_sign_in


class SiteAdmin(AdminSite):
    site_header = "Revenue cycle admin"
    site_title = "Revenue cycle admin"
    index_title = "People, payers and claims"
    enable_nav_sidebar = True

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return ask_to_sign_in(request)
