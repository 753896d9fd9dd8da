"""To look at: messages to the payments side, its ledger, chunks of files, requests that must not repeat."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.access import person
from accounts.admin import AuditedAdmin, ReadOnlyAdmin
from claims.downstream.dead_letters import replay
from claims.models import IdempotencyKey, ImportChunk, LedgerEntry, OutboxMessage

from .big_lists import BigListAdmin


@admin.register(OutboxMessage)
class OutboxAdmin(BigListAdmin, ReadOnlyAdmin, AuditedAdmin):
    list_display = ["id", "claim", "reason", "net_fee", "state", "attempts", "created_at", "delivered_at"]
    list_select_related = ["claim"]
    list_filter = ["state"]
    sortable_by = ()
    ordering = ["-id"]

    actions = ["send_again"]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Nobody edits a message; who may change one may have it sent once more."""
        return request.user.has_perm("claims.change_outboxmessage")

    @admin.action(description="Send what was given up again", permissions=["replay"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        revived = replay(queryset, actor=person(request), request=request)
        messages.success(request, f"Messages sent again: {revived}. Others were not given up.")


@admin.register(LedgerEntry)
class LedgerAdmin(BigListAdmin, ReadOnlyAdmin):
    list_display = ["id", "claim_id", "net_fee", "posted_at"]
    sortable_by = ()
    ordering = ["-id"]


@admin.register(ImportChunk)
class ChunkAdmin(BigListAdmin, ReadOnlyAdmin):
    list_display = ["id", "source", "number", "first_record", "records", "seconds", "stored_at"]
    list_select_related = ["source"]
    sortable_by = ()
    ordering = ["-id"]


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(BigListAdmin, ReadOnlyAdmin):
    """Without the answers: those belong to whoever asked."""

    fields = ["user", "status", "at"]
    list_display = ["id", "user", "status", "at"]
    list_select_related = ["user"]
    sortable_by = ()
    ordering = ["-id"]
