"""Proves that numbers are what the claims say."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.facts.fact_triggers import missing_triggers
from analytics.facts.verification import MOST_NAMED, differences
from analytics.periods import Period
from claims.provider_fees import miscounted


class Command(BaseCommand):
    help = "Add all measures up from the claims and compare them with the facts, to the cent."

    def handle(self, **options: Any) -> None:
        missing = sorted(missing_triggers())
        for name in missing:
            self.stderr.write(f"The trigger {name} is missing: changes go unnoticed.")
        found = 0
        for each in islice(differences(self._tell), MOST_NAMED):
            found += 1
            self.stderr.write(str(each))
        if found == MOST_NAMED:
            self.stderr.write("There may be more.")
        wrong = miscounted()
        for provider, (cents, lines) in islice(wrong.items(), MOST_NAMED):
            self.stderr.write(
                f"Provider {provider} has {cents} cents and {lines} lines too many in its total."
            )
        if found or missing or wrong:
            raise CommandError("The facts are not what the claims say.", returncode=1)
        self.stdout.write("The facts are what the claims say, to the cent.")

    def _tell(self, month: Period) -> None:
        self.stdout.write(f"{month.start:%B %Y} …")
        self.stdout.flush()
