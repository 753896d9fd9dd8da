"""Say by exit code whether a worker or beat shows signs of life: their containers' health check."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from rcm_site import health


class Command(BaseCommand):
    help = "Fails unless this part of the site has shown a sign of life within a minute."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=["worker", "payments_worker", "facts_worker", "beat"])

    def handle(self, *, part: str, **options: Any) -> None:
        if health.CHECKS_IN_DATABASE[part]().status != health.Status.HEALTHY:
            raise CommandError(f"No fresh sign of life from the {part.replace('_', ' ')}.")
