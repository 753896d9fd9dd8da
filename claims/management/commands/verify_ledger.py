"""`manage.py verify_ledger`: does the payments side owe providers exactly what the claims say?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from claims.downstream import ledger
from claims.models import OutboxMessage
from rcm_site.templatetags.ui import money

MOST_NAMED = 100


class Command(BaseCommand):
    help = (
        "Compare the net fees of all claims with what was booked for them, and name each claim that differs."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        proof = ledger.verify()
        for balance in proof.differing[:MOST_NAMED]:
            self.stderr.write(_words(balance))
        if len(proof.differing) > MOST_NAMED:
            self.stderr.write(f"… and {len(proof.differing) - MOST_NAMED:,} more.")
        total, messages = proof.total, OutboxMessage.objects
        self.stdout.write(
            f"{total.claims:,} claims are owed {money(total.owed)}; booked {money(total.booked)}, "
            f"on its way {money(total.on_its_way)} in {messages.undelivered().count():,} messages, "
            f"given up {money(total.dead)} in {messages.dead().count():,}."
        )
        if not proof.holds:
            raise CommandError(f"The ledger does not hold: {len(proof.differing):,} claims differ.")
        self.stdout.write("The ledger holds.")


def _words(balance: ledger.Balance) -> str:
    given_up = f", of which {money(balance.dead)} in messages given up" if balance.dead else ""
    return (
        f"Claim {balance.claim_id}: owed {money(balance.owed)}, booked {money(balance.booked)}, "
        f"on its way {money(balance.on_its_way)}: it differs by {money(balance.difference)}{given_up}."
    )
