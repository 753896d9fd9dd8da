"""`manage.py verify_audit`: has anybody edited, deleted, inserted, moved or cut off audit entries?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import audit


class Command(BaseCommand):
    help = "Check every entry of the audit trail and name each that does not hold."

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = audit.verify()
        for problem in verdict.problems:
            self.stderr.write(problem)
        summary = f"{verdict.checked:,} sealed entries checked, {verdict.unsealed:,} not sealed yet"
        if verdict.problems:
            raise CommandError(
                f"The audit trail does not hold: {len(verdict.problems):,} problems; {summary}."
            )
        self.stdout.write(f"The audit trail holds: {summary}.")
