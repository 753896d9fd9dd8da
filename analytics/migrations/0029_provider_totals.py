"""Providers by month alone: a report of all of them reads few rows, however many payers and departments there are."""

import django.db.models.deletion
from django.db import migrations, models

import claims.money

COUNTS = (
    *("submitted", "status_denied", "owed_claims", "credit_claims"),
    *("first_decided", "first_denied", "decided", "denied"),
    *("paid_at_first", "paid_claims", "days_to_pay", "underpaid_claims"),
    *("received", "clean_claims", "payments", "contractual_adjustments"),
    *("denial_write_offs", "appeals_decided", "appeals_overturned", "appeals_filed"),
    *("days_to_appeal", "fee_lines"),
)
AMOUNTS = (
    *("charges", "owed", "owed_net", "credits"),
    *("decided_charges", "denied_charges", "underpaid", "kept_by_law"),
    *("cash", "contractual", "denial_written_off", "net_fees"),
)
MEASURES = (*COUNTS, *AMOUNTS)
_SUMS = ", ".join(f"CAST(sum({each}) AS bigint)" for each in MEASURES)
ADDED_UP = f"""
    INSERT INTO analytics_providertotalmonth (day, provider_id, {", ".join(MEASURES)})
    SELECT day, provider_id, {_SUMS} FROM analytics_providermonth GROUP BY day, provider_id ORDER BY day
"""  # noqa: S608 - names of our own


def read_by_one_process(apps, schema_editor):
    """And, until this is over, nobody adds to what is copied."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE analytics_providertotalmonth SET (parallel_workers = 0)")
        schema_editor.execute("LOCK TABLE analytics_providermonth IN SHARE MODE")


class Migration(migrations.Migration):
    dependencies = [("analytics", "0028_worked_facts"), ("claims", "0061_claims_of_a_status")]

    operations = [
        migrations.CreateModel(
            name="ProviderTotalMonth",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                *((each, models.BigIntegerField(default=0)) for each in COUNTS),
                *((each, claims.money.MoneyField(default=0)) for each in AMOUNTS),
                (
                    "provider",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="claims.provider",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["day"], name="provider_total_by_month"),
                    models.Index(fields=["provider", "day"], name="provider_total_of_one"),
                ],
            },
        ),
        migrations.RunPython(read_by_one_process, migrations.RunPython.noop),
        migrations.RunSQL(ADDED_UP, migrations.RunSQL.noop),
    ]
