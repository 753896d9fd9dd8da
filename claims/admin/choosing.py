"""Choosing a payer or a person out of thousands by typing; a forged choice is refused, never an error."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import ForeignKey
from django.http import HttpRequest


class Autocomplete(AutocompleteSelect):
    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        """Django looks up whatever was sent, to show it again, and breaks on what is no key."""
        keys = [str(each) for each in value]
        usable = [key for key in keys if not key or (key.isascii() and key.isdigit() and len(key) <= 18)]
        return super().optgroups(name, usable, attr)


class ChoosingAdmin(admin.ModelAdmin):
    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = Autocomplete(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
