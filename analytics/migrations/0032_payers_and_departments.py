"""Payers and departments by day and month alone: most numbers are read from few rows."""

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
KEYS = {"payer": "claims.payer", "department": "accounts.department"}
_SUMS = ", ".join(f"CAST(sum({each}) AS bigint)" for each in MEASURES)


def sums(name, key, index):
    return migrations.CreateModel(
        name=name,
        fields=[
            ("id", models.BigAutoField(primary_key=True, serialize=False)),
            ("day", models.DateField()),
            *((each, models.BigIntegerField(default=0)) for each in COUNTS),
            *((each, claims.money.MoneyField(default=0)) for each in AMOUNTS),
            (
                key,
                models.ForeignKey(
                    db_constraint=False,
                    db_index=False,
                    null=True,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="+",
                    to=KEYS[key],
                ),
            ),
        ],
        options={
            "abstract": False,
            "default_permissions": (),
            "indexes": [models.Index(fields=["day"], name=index)],
        },
    )


def added_up(table, of, key):
    return f"""
        INSERT INTO analytics_{table} (day, {key}_id, {", ".join(MEASURES)})
        SELECT day, {key}_id, {_SUMS} FROM analytics_{of} GROUP BY day, {key}_id ORDER BY day
    """  # noqa: S608 - names of our own


def read_by_one_process(apps, schema_editor):
    """And, until this is over, nobody adds to what is copied."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("LOCK TABLE analytics_dayfact, analytics_monthfact IN SHARE MODE")
        for key in KEYS:
            schema_editor.execute(f"ALTER TABLE analytics_{key}fact SET (parallel_workers = 0)")
            schema_editor.execute(f"ALTER TABLE analytics_{key}month SET (parallel_workers = 0)")


class Migration(migrations.Migration):
    dependencies = [("analytics", "0031_plain_runbook")]

    operations = [
        sums("PayerFact", "payer", "payer_fact_by_day"),
        sums("PayerMonth", "payer", "payer_fact_by_month"),
        sums("DepartmentFact", "department", "department_fact_by_day"),
        sums("DepartmentMonth", "department", "department_fact_by_month"),
        migrations.RunPython(read_by_one_process, migrations.RunPython.noop),
        *(migrations.RunSQL(added_up(f"{key}fact", "dayfact", key), migrations.RunSQL.noop) for key in KEYS),
        *(
            migrations.RunSQL(added_up(f"{key}month", "monthfact", key), migrations.RunSQL.noop)
            for key in KEYS
        ),
    ]
