"""A rule about the worker of the facts, like those of the other workers."""

from django.db import migrations

KEY = "facts_worker_silent"
RULE = {
    "name": "The facts worker has not shown life for 5 minutes",
    "watches": KEY,
    "condition": "above",
    "limit": 5,
    "clears_at": 2,
    "severity": "critical",
    "every": 15,
    "window_days": 1,
    "minimum_n": 0,
    "cool_down_minutes": 30,
    "is_about_site": True,
    "roles": ["admin"],
    "runbook": "1. Is its process or container running? Start it again; it goes on where it was.\n"
    "2. Until then numbers stay right, but what has changed is read from the claims: pages get slower.",
}


def ship(apps, schema_editor):
    apps.get_model("analytics", "AlertRule").objects.get_or_create(shipped_as=KEY, defaults=RULE)


def take_back(apps, schema_editor):
    apps.get_model("analytics", "AlertRule").objects.filter(shipped_as=KEY).delete()


class Migration(migrations.Migration):
    dependencies = [("analytics", "0020_mark_what_changes")]

    operations = [migrations.RunPython(ship, take_back)]
