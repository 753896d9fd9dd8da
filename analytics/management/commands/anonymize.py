"""`manage.py anonymize`: overwrite all that tells who patients and staff are, in a copy of production."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from analytics.anonymising import anonymise


class Command(BaseCommand):
    help = (
        "Overwrite names, birth dates, patients', members' and claims' numbers, notes and e-mails for good, "
        "and delete files and the audit trail. Services, their days and all money stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--i-know-this-destroys-data", action="store_true", help="without it nothing is done"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Never in production: unset PRODUCTION where the copy is.")
        if not options["i_know_this_destroys_data"]:
            database = connection.settings_dict["NAME"]
            raise CommandError(
                f"This destroys data of {database}: only if it is a copy, say --i-know-this-destroys-data."
            )
        for what, count in anonymise().items():
            self.stdout.write(f"{count:,} {what}")
        self.stdout.write("Done. Freed space may still hold old rows: VACUUM FULL (PostgreSQL) or VACUUM it.")
