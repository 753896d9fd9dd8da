"""Analytics: the numbers behind the claims."""

from importlib import import_module

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        """Numbers besides the KPIs make themselves known where they are defined."""
        import_module("analytics.alerts.other_numbers")
        import_module("analytics.alerts.site")
