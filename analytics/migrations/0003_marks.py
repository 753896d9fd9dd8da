"""Triggers mark the days whose facts are outdated; the days of claims that are here already are marked once."""

from django.db import migrations

from analytics.facts import fact_triggers


def begin(apps, schema_editor):
    fact_triggers.create(schema_editor, of_shortfalls=False)
    fact_triggers.mark_everything(schema_editor)


def end(apps, schema_editor):
    fact_triggers.drop(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0002_facts"), ("claims", "0020_days")]

    operations = [migrations.RunPython(begin, end)]
