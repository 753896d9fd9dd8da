"""Claims: what happened to each claim."""

from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    name = "claims"
