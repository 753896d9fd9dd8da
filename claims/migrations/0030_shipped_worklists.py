"""Worklists to begin with; people change them as they like."""

from django.db import migrations

SHIPPED = [
    ("Appeal deadline near", {"due": "appeal-30"}),
    ("Timely filing at risk", {"due": "filing-30"}),
    ("Rejected at intake", {"status": "open", "intake": "rejected"}),
    ("New denials", {"status": "denied", "decided": "14"}),
    ("No response in 30 days", {"waiting": "30"}),
    ("Unpaid for over 90 days", {"status": "open", "age": "over-90"}),
    ("Underpaid", {"money": "underpaid", "balance_from": "25"}),
    ("Credit balances", {"money": "credit"}),
]


def ship(apps, schema_editor):
    worklist = apps.get_model("claims", "Worklist")
    for place, (name, filters) in enumerate(SHIPPED, start=1):
        worklist.objects.get_or_create(name=name, defaults={"position": 10 * place, "filters": filters})


def take_back(apps, schema_editor):
    apps.get_model("claims", "Worklist").objects.filter(name__in=[name for name, _ in SHIPPED]).delete()


class Migration(migrations.Migration):
    dependencies = [("claims", "0029_mark_work")]

    operations = [migrations.RunPython(ship, take_back)]
