"""The site itself as an app (commands, template tags, heartbeats, mail) and the admin it serves."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class SiteConfig(AppConfig):
    name = "rcm_site"
    verbose_name = "Site"
    default = True

    def ready(self) -> None:
        from rcm_site import checks  # noqa: F401 - registers the system checks


class AdminConfig(DjangoAdminConfig):
    default_site = "rcm_site.admin.SiteAdmin"
    default = False
