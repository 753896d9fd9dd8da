"""What analytics keeps; for now, only the right to see it."""

from django.db import models


class Dashboard(models.Model):
    """Carries the permission to see the landing page: a page has no table."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("view_dashboard", "Can see the dashboard")]

    def __str__(self) -> str:
        return "dashboard"
