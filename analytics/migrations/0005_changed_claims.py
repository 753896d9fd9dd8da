"""Triggers mark the claims whose past balances may have changed; those that are here already are marked once."""

from django.db import migrations

from analytics.past import balance_triggers


def begin(apps, schema_editor):
    balance_triggers.create(schema_editor)
    balance_triggers.mark_everything(schema_editor)


def end(apps, schema_editor):
    balance_triggers.drop(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_past_balances"), ("claims", "0021_count_handfuls")]

    operations = [migrations.RunPython(begin, end)]
