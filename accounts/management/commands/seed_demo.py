"""`manage.py seed_demo`: people and departments to try the site with, once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import demo


class Command(BaseCommand):
    help = "Make demo departments and one demo person for each role, unless the site has people already."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Demo people have a public password: never in production.")
        demo.seed()
