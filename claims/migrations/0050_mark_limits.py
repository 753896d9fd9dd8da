"""Triggers note whose work changed limits of payers and plans touch."""

from django.db import migrations

from claims.worklists import limit_triggers


def begin(apps, schema_editor):
    limit_triggers.drop(schema_editor)
    limit_triggers.create(schema_editor)


def end(apps, schema_editor):
    limit_triggers.drop(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("claims", "0049_short_but_for_law")]

    operations = [migrations.RunPython(begin, end)]
