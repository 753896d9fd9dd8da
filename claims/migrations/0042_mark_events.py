"""Triggers note what happens to claims while a rule is switched on."""

from django.db import migrations

from claims.automation import event_triggers


def begin(apps, schema_editor):
    event_triggers.drop(schema_editor)
    event_triggers.create(schema_editor)


def end(apps, schema_editor):
    event_triggers.drop(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("claims", "0041_automation")]

    operations = [migrations.RunPython(begin, end)]
