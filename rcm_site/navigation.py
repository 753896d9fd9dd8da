"""What the frame of every page needs: the navigation this person may use, the theme, the session's limits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.access import SIGNED_IN, may

WARN_SECONDS = 60


@dataclass(frozen=True)
class Item:
    label: str
    url_name: str
    icon: str
    access: str
    # Pages that are reached from it and have no item of their own.
    also: tuple[str, ...] = ()


# A section and an item stand here in the order in which people see them; the first item is where they land.
SECTIONS: list[tuple[str, list[Item]]] = [
    (
        "Revenue cycle",
        [
            Item("Dashboard", "dashboard", "dashboard", "analytics.view_dashboard", also=("numbers",)),
            Item("Alerts", "alerts", "alerts", "analytics.view_alert"),
            Item(
                "Worklists",
                "worklists",
                "worklist",
                "claims.view_worklist",
                also=("write_offs", "pay_backs", "appeals", "automation"),
            ),
            Item("Denials", "denials", "refused", "analytics.view_dashboard"),
            Item("A/R", "receivables", "ar", "analytics.view_dashboard"),
            Item("Payers", "payers", "payers", "analytics.view_dashboard"),
            Item("Underpayments", "underpayments", "arrow-down", "claims.view_underpaymentproject"),
            Item("Providers", "providers", "providers", "claims.view_providertotal"),
            Item("Staff", "staff", "staff", "analytics.view_dashboard"),
            Item("Reports", "reports", "reports", "analytics.view_dashboard", also=("schedules",)),
            Item("Claims", "claims", "claims", "claims.view_claim"),
            Item("Imports", "imports", "import", "claims.view_import"),
            Item("Remittances", "remittances", "remittances", "claims.view_remittance"),
            Item("Tasks", "tasks", "tasks", "claims.change_claim", also=("follow_ups",)),
            Item("Reviews", "reviews", "check", "claims.change_claim"),
            Item("Patients", "patients", "search", "claims.assess_patients"),
            Item("Exports", "exports", "download", "claims.view_claim"),
        ],
    ),
    (
        "Oversight",
        [
            Item("Deliveries", "deliveries", "mail", "analytics.view_delivery", also=("webhooks",)),
            Item("Net fees", "payments", "sent", "claims.view_outboxmessage"),
            Item("Audit trail", "audit_trail", "audit", "accounts.read_audit_trail"),
            Item("Admin", "admin:index", "admin", "accounts.use_admin"),
        ],
    ),
    (
        "Site",
        [
            Item("API", "api_docs", "api", "accounts.use_api"),
            Item("Style", "style_guide", "style", "accounts.view_style_guide"),
            Item("Profile", "profile", "profile", SIGNED_IN),
        ],
    ),
]


def sections_for(user: Any) -> list[tuple[str, list[Item]]]:
    allowed = [(label, [item for item in items if may(user, item.access)]) for label, items in SECTIONS]
    return [(label, items) for label, items in allowed if items]


def landing_page(user: Any) -> str:
    """Where this person's day begins."""
    return reverse(sections_for(user)[0][1][0].url_name)


@cache
def addresses_of(item: Item) -> tuple[str, ...]:
    """Its own, and those of the pages under it: every page shows them all, so they are worked out once."""
    return tuple(map(reverse, (item.url_name, *item.also)))


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor of every template; an error page may come before anybody is known."""
    user = getattr(request, "user", None)
    frame: dict[str, Any] = {
        "site_name": settings.SITE_NAME,
        "theme": "system",
        "nav": [],
        "session_limits": None,
    }
    if user is None or not user.is_authenticated:
        return frame
    return frame | {
        "theme": user.theme,
        "nav": [
            {
                "label": label,
                "items": [
                    {
                        "label": item.label,
                        "url": addresses_of(item)[0],
                        "icon": item.icon,
                        "is_current": request.path.startswith(addresses_of(item)),
                    }
                    for item in items
                ],
            }
            for label, items in sections_for(user)
        ],
        "session_limits": {
            "idle_seconds": int(settings.SESSION_IDLE_LIMIT.total_seconds()),
            "warn_seconds": WARN_SECONDS,
        },
    }
