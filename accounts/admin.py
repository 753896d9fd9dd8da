"""People, departments and the audit trail for administrators; whatever they change lands in the trail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from . import audit, people
from .access import person
from .models import AuditEntry, Department, User


class AuditedAdmin(admin.ModelAdmin):
    """Base of every admin page: each edit and deletion is audited, in its own transaction."""

    show_full_result_count = False

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Django looks up whatever is named as ticked, and breaks on what is no key."""
        ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
        try:
            keys = [self.opts.pk.clean(key, None) for key in ticked]
        except ValidationError as error:
            raise BadRequest from error
        if keys and not queryset.filter(pk__in=keys).exists():
            raise BadRequest
        return super().response_action(request, queryset, *args, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        row = form.instance
        changed = {
            field: audit.change_of(row, field, form.initial.get(field), form.cleaned_data.get(field))
            for field in form.changed_data
        }
        parts = {
            formset.prefix: len(formset.changed_objects) for formset in formsets if formset.has_changed()
        }
        if changed or parts or not change:
            action = f"{row._meta.model_name}.{'changed' if change else 'added'}"
            audit.record(request.user, action, row, request=request, changes=changed, parts=parts)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        audit.record(request.user, f"{obj._meta.model_name}.deleted", obj, request=request)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            audit.record(request.user, f"{row._meta.model_name}.deleted", row, request=request)
        super().delete_queryset(request, queryset)


class ReadOnlyAdmin(admin.ModelAdmin):
    """For what nobody may change, emergency superusers included."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Department)
class DepartmentAdmin(AuditedAdmin):
    list_display = ["name", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name"]


class PersonForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["email", "name", "role", "departments", "is_active", "is_superuser"]
        widgets = {"departments": forms.CheckboxSelectMultiple}

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


@admin.register(User)
class UserAdmin(AuditedAdmin):
    form = PersonForm
    list_display = ["name", "email", "role", "is_active", "last_login"]
    list_filter = ["is_active", "role", "departments"]
    search_fields = ["name", "email"]
    actions = ["invite_again", "disable", "enable"]
    readonly_fields = ["last_login"]
    fieldsets = [
        (None, {"fields": ["name", "email", "role", "departments"]}),
        ("Access", {"fields": ["is_active", "is_superuser", "last_login"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": ["name", "email", "role", "departments"],
                "description": "They get an e-mail with a link to choose a password.",
            },
        )
    ]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody makes a superuser but a superuser, and nobody locks themselves out."""
        fixed = [*self.readonly_fields]
        if not request.user.is_superuser:
            fixed.append("is_superuser")
        if obj is not None and obj.pk == request.user.pk:
            fixed += ["role", "is_active", "is_superuser"]
        return fixed

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Who could change a superuser's e-mail could take the account over."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are disabled, never deleted: the audit trail speaks of them."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        people.forget_old_address(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            people.invite(user=form.instance, actor=person(request), request=request)
            messages.success(request, f"An invitation is on its way to {form.instance.email}.")

    @admin.action(description="Send the invitation again", permissions=["change"])
    def invite_again(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        waiting = [user for user in queryset.active() if not user.has_usable_password()]  # type: ignore[attr-defined]
        for user in waiting:
            people.invite(user=user, actor=person(request), request=request)
        messages.success(request, f"Invitations sent: {len(waiting)}. Whoever has joined already gets none.")

    @admin.action(description="Disable: lock out from the next click on", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, active=False)

    @admin.action(description="Enable again", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, active=True)

    def _set_active(self, request: HttpRequest, queryset: QuerySet[User], *, active: bool) -> None:
        within_reach = [
            user
            for user in queryset
            if user.pk != person(request).pk and self.has_change_permission(request, user)
        ]
        for user in within_reach:
            people.set_active(user=user, active=active, actor=person(request), request=request)
        if left_out := queryset.count() - len(within_reach):
            messages.warning(request, f"Left as they were, being yourself or superusers: {left_out}.")
        messages.success(request, f"People {'enabled' if active else 'disabled'}: {len(within_reach)}.")


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor_name", "action", "outcome", "subject_type", "subject_id", "address"]
    list_filter = ["outcome", "action"]
    search_fields = ["actor_name", "subject_id", "request_id"]
    list_select_related = ["actor"]
