"""Facts are read by one process: to start others for some thousand rows takes longer than to add them up."""

from django.db import migrations

TABLES = (
    *("dayfact", "monthfact", "categoryfact", "categorymonth", "providerfact", "providermonth"),
    *("codefact", "codemonth"),
)


def set_option(schema_editor, words):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE analytics_{table} {words}")


class Migration(migrations.Migration):
    dependencies = [("analytics", "0008_dimensions")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: set_option(schema_editor, "SET (parallel_workers = 0)"),
            lambda apps, schema_editor: set_option(schema_editor, "RESET (parallel_workers)"),
        )
    ]
