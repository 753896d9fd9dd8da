"""Analytics: the numbers behind the claims."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        """Numbers besides the KPIs make themselves known where they are defined."""
        for numbers in ("other_numbers", "site"):
            if find_spec(f"analytics.alerts.{numbers}"):
                import_module(f"analytics.alerts.{numbers}")
