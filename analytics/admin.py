"""Rules, alerts and what goes out about them, snapshots, reports and files, for administrators."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.http import HttpRequest
from django.utils import timezone

from accounts.access import person
from accounts.admin import AuditedAdmin, ReadOnlyAdmin
from accounts.models import User
from claims.admin.big_lists import BigListAdmin

from .alerts import rules as keeping
from .models import Alert, AlertRule, Delivery, Export, Report, Schedule, Snapshot, Webhook
from .pages.alert_rule_form import SECTIONS, RuleForm
from .reports.turns import next_turn

KEPT_WITH = "What has {} is kept, and so are these: it is switched off instead of deleted."


class RuleInAdmin(RuleForm):
    """The same form; the admin shows what it shows of any model."""

    user_of_admin: User

    def __init__(self, asked: Any = None, files: Any = None, **more: Any) -> None:
        super().__init__(self.user_of_admin, asked, **more)

    def _save_m2m(self) -> None:
        """Whom it tells is kept with the rule."""


@admin.register(AlertRule)
class AlertRuleAdmin(AuditedAdmin):
    list_display = ["name", "watches", "condition", "limit", "severity", "is_active", "checked_at", "problem"]
    list_filter = ["is_active", "severity", "is_about_site"]
    search_fields = ["name", "watches"]
    actions = None  # a rule that has opened alerts is not deleted
    fieldsets: ClassVar[Any] = [
        *((heading, {"fields": [*often, *seldom]}) for _, heading, often, _, seldom in SECTIONS),
        (None, {"fields": ["is_active"], "description": KEPT_WITH.format("opened alerts")}),
    ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        meta = type("Meta", (RuleInAdmin.Meta,), {"fields": flatten_fieldsets(self.fieldsets)})
        return type("RuleInAdmin", (RuleInAdmin,), {"Meta": meta, "user_of_admin": person(request)})

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        return form.instance

    def save_model(self, request: HttpRequest, obj: AlertRule, form: Any, change: bool) -> None:
        keeping.save_rule(obj, actor=person(request), request=request, **form.chosen)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Written, and written down, with the rule."""

    def has_delete_permission(self, request: HttpRequest, obj: AlertRule | None = None) -> bool:
        has_past = obj is not None and obj.alerts.exists()
        return super().has_delete_permission(request, obj) and not has_past

    def delete_model(self, request: HttpRequest, obj: AlertRule) -> None:  # type: ignore[override]
        keeping.delete_rule(obj, actor=person(request), request=request)


# To look at ----------------------------------------------------------------------------------------


class OperationsAdmin(ReadOnlyAdmin):
    """Shown to those who run the site."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("accounts.view_operations")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "rule", "severity", "value", "opened_at", "resolved_at", "assignee"]
    list_select_related = ["rule", "assignee"]
    list_filter = ["severity"]
    sortable_by = ()
    ordering = ["-opened_at"]


@admin.register(Snapshot)
class SnapshotAdmin(BigListAdmin, OperationsAdmin):
    list_display = ["kpi", "of", "payer", "department", "provider", "day", "days", "n", "taken_at", "is_late"]
    list_select_related = ["payer", "department", "provider"]
    list_filter = ["of", "is_late"]
    sortable_by = ()
    ordering = ["-pk"]


@admin.register(Delivery)
class DeliveryAdmin(BigListAdmin, ReadOnlyAdmin):
    """Without what was said: that is in the mail, and for whom it was meant."""

    list_display = ["id", "about", "channel", "person", "address", "webhook", "state", "attempts", "made_at"]
    list_select_related = ["person", "webhook"]
    list_filter = ["state", "channel", "about"]
    fields = [
        *("about", "channel", "person", "address", "webhook"),
        *("state", "made_at", "due_at", "attempts", "answer", "closed_at"),
    ]
    sortable_by = ()
    ordering = ["-made_at"]


@admin.register(Export)
class ExportAdmin(BigListAdmin, OperationsAdmin):
    """Who took what out; not what they searched for, and not the file."""

    list_display = ["id", "owner", "kind", "format", "state", "rows_written", "size", "asked_at"]
    list_select_related = ["owner"]
    list_filter = ["state", "kind"]
    fields = [
        *("owner", "kind", "report", "format", "asked_at", "state", "reason"),
        *("rows_expected", "rows_written", "size", "has_patients", "tries", "finished_at", "kept_until"),
    ]
    sortable_by = ()
    ordering = ["-asked_at"]


# To switch off, and to delete -----------------------------------------------------------------------


class KeptAdmin(AuditedAdmin):
    """Made on the site's own pages, where what makes no sense is refused; here somebody else's is ended."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in flatten_fieldsets(self.get_fieldsets(request, obj)) if name != "is_active"]


@admin.register(Webhook)
class WebhookAdmin(KeptAdmin):
    """Without its address and its secret: with these, others could speak in our name."""

    list_display = ["name", "shape", "is_active", "made_by", "made_at"]
    list_select_related = ["made_by"]
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["name", "shape", "made_by", "made_at"]}),
        (None, {"fields": ["is_active"], "description": KEPT_WITH.format("been told something")}),
    ]
    actions = None  # one that was told something is not deleted

    def has_delete_permission(self, request: HttpRequest, obj: Webhook | None = None) -> bool:
        has_past = obj is not None and obj.deliveries.exists()
        return super().has_delete_permission(request, obj) and not has_past


@admin.register(Report)
class ReportAdmin(KeptAdmin):
    list_display = ["name", "owner", "made_at", "changed_at"]
    list_select_related = ["owner"]
    search_fields = ["name"]
    fields = ["name", "owner", "asked", "people", "shared_roles", "made_at", "changed_at"]


@admin.register(Schedule)
class ScheduleAdmin(KeptAdmin):
    list_display = ["name", "owner", "every", "at", "time_zone", "format", "is_active", "due_at"]
    list_select_related = ["owner"]
    search_fields = ["name"]
    fields = [
        *("name", "owner", "report", "standard", "every", "weekday", "day_of_month", "at", "time_zone"),
        *("format", "is_attached", "people", "is_active", "due_at"),
    ]

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        """What passed while it was off does not come any more."""
        if "is_active" in form.changed_data:
            obj.due_at = next_turn(obj, timezone.now())
        super().save_model(request, obj, form, change)
