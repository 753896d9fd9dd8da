"""Emptying a table is a change also where no facts were kept yet."""

from django.db import migrations

from analytics.facts import fact_triggers


def write_anew(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        function = fact_triggers.EMPTY.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
        schema_editor.execute(function, params=None)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0009_small_reads")]

    operations = [migrations.RunPython(write_anew, migrations.RunPython.noop)]
