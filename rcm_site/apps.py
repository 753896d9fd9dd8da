"""The site itself as an app (commands, template tags, heartbeats, mail) and the admin it serves."""

from django.apps import AppConfig
from django.contrib.admin import apps as django_admin


class SiteConfig(AppConfig):
    name = "rcm_site"
    verbose_name = "Site"
    default = True

    def ready(self) -> None:
        from rcm_site import checks  # noqa: F401 - registers the system checks


class AdminConfig(django_admin.AdminConfig):
    default_site = "rcm_site.admin.SiteAdmin"
    default = False
