"""Claims that come in are noted themselves, and mark no day: see `NewClaim`."""

import django.db.models.deletion
from django.db import migrations, models

from analytics.facts import fact_triggers

DEFAULT = (
    "ALTER TABLE analytics_newclaim ALTER COLUMN written_in SET DEFAULT pg_current_xact_id()::text::bigint"
)


def noted_by_the_database(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DEFAULT)
    fact_triggers.watch_new_claims(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0021_facts_worker_rule")]

    operations = [
        migrations.CreateModel(
            name="NewClaim",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("written_in", models.BigIntegerField(editable=False, null=True)),
                (
                    "claim",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="claims.claim",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["written_in"], name="new_claim_by_transaction")],
            },
        ),
        migrations.RunPython(noted_by_the_database, migrations.RunPython.noop),
    ]
