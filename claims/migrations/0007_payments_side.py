"""The ledger only grows, by the database's own word; what was delivered when is found by an index."""

from django.db import migrations, models

TABLE = "claims_ledgerentry"

POSTGRESQL = f"""
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {TABLE} EXECUTE FUNCTION refuse_change();
"""
SQLITE = f"""
CREATE TRIGGER {TABLE}_refuse_{{event}} BEFORE {{event}} ON {TABLE}
BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END
"""


def guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)
    else:
        for event in ("UPDATE", "DELETE"):
            schema_editor.execute(SQLITE.format(event=event))


def lift(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for trigger in ("append_only", "append_only_truncate"):
            schema_editor.execute(f"DROP TRIGGER {trigger} ON {TABLE}")
    else:
        for event in ("UPDATE", "DELETE"):
            schema_editor.execute(f"DROP TRIGGER {TABLE}_refuse_{event}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_append_only"), ("claims", "0004_claim_numbers")]

    operations = [
        migrations.RunPython(guard, lift),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                fields=["delivered_at"], name="outbox_delivered", condition=models.Q(state="delivered")
            ),
        ),
    ]
