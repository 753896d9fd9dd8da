"""`manage.py seed_demo`: people, and a year of claims with all that hangs on them, to try the site with."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import demo
from analytics.demo import nights, seeding
from analytics.settling import settle

MONTHS = 16  # so that a quarter can be held against the same one a year before


class Command(BaseCommand):
    help = (
        "Make demo people, and claims for them, in an empty site. The same seed gives the same claims on the "
        "same day."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--claims", type=int, help="how many (DEMO_CLAIMS, if it is not said)")
        parser.add_argument(
            "--months", type=int, default=MONTHS, help="over how many months, until yesterday"
        )
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--truth",
            type=Path,
            metavar="FILE",
            help="write down the probabilities of denial that made the claims, as JSON",
        )

    def handle(
        self,
        *args: Any,
        claims: int | None,
        months: int,
        seed: int,
        truth: Path | None,
        verbosity: int,
        **options: Any,
    ) -> None:
        if settings.PRODUCTION:
            raise CommandError("Demo people have a public password: never in production.")
        if not 1 <= months <= 120:
            raise CommandError("Between 1 and 120 months.")
        demo.seed()
        count = settings.DEMO_CLAIMS if claims is None else claims
        if count <= 0:
            return
        try:
            seeding.refuse_lived_in_site()
        except seeding.CannotSeed as why:
            if claims is not None:
                raise CommandError(str(why)) from None
            return
        if verbosity:
            self.stdout.write(f"Making up {count:,} demo claims …")
            self.stdout.flush()
        self._seed(count, months, seed, truth, verbosity)

    def _seed(self, count: int, months: int, number: int, truth: Path | None, verbosity: int) -> None:
        begun = time.perf_counter()
        made = seeding.seed(
            claims=count, months=months, seed=number, today=timezone.localdate(), truth_file=truth
        )
        made_in = time.perf_counter() - begun
        settle()
        nights.write_down(timezone.localdate())
        if verbosity:
            added_in = time.perf_counter() - begun - made_in
            self.stdout.write(f"{made:,} claims made in {made_in:.1f} s, added up in {added_in:.1f} s.")
