"""Marks tell which transaction wrote them, so that one look at the last of them says whether any is new."""

from django.db import migrations, models

DEFAULT = (
    "ALTER TABLE analytics_dirtyday ALTER COLUMN written_in SET DEFAULT pg_current_xact_id()::text::bigint"
)


def written_by_the_database(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DEFAULT)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0005_changed_claims")]

    operations = [
        migrations.AddField(
            model_name="dirtyday",
            name="written_in",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="dirtyday",
            index=models.Index(fields=["written_in"], name="dirty_by_transaction"),
        ),
        migrations.RunPython(written_by_the_database, migrations.RunPython.noop),
    ]
