"""The site: settings, addresses, workers, and what every app shares."""

from rcm_site.celery import app as celery_app

__all__ = ["celery_app"]
