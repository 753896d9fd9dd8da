"""Analytics: the numbers behind the claims."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
