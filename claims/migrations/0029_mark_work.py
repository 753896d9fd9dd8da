"""Triggers note which claims' work has to be valued again; all that are here are, before the first day's end."""

from django.db import migrations

from claims.worklists import work_triggers


def begin(apps, schema_editor):
    work_triggers.drop(schema_editor)
    work_triggers.create(schema_editor)


def end(apps, schema_editor):
    work_triggers.drop(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("claims", "0028_worklists")]

    operations = [migrations.RunPython(begin, end)]
