"""Writes down what every KPI was on a day that is over; what is written down already stays as it is."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from analytics.snapshots import DayNotOver, take, take_missing


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text[:20]} is not a day such as 2026-11-30") from None


class Command(BaseCommand):
    help = "Write down what every KPI was on the days that nobody has written down yet, or on one day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--day", type=_day, metavar="YYYY-MM-DD", help="a day that is over")

    def handle(self, *args: Any, day: date | None, **options: Any) -> None:
        now = timezone.now()
        if day is None:
            self.stdout.write(f"Days taken: {take_missing(now)}.")
            return
        try:
            rows = take(day, now)
        except DayNotOver as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{day}: {rows:,} rows taken." if rows else f"{day} is taken already.")
