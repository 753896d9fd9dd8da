"""Codes by month and payer alone, and by which days in A/R are reckoned beside each day: fewer to read."""

import django.db.models.deletion
from django.db import migrations, models

import claims.money

ADDED_UP = """
    INSERT INTO analytics_payercodemonth
        (name, day, payer_id, code, decided, denied, denied_charges, paid_claims)
    SELECT name, day, payer_id, code, CAST(sum(decided) AS bigint), CAST(sum(denied) AS bigint),
        CAST(sum(denied_charges) AS bigint), CAST(sum(paid_claims) AS bigint)
    FROM analytics_codemonth GROUP BY name, day, payer_id, code ORDER BY day
"""


def read_by_one_process(apps, schema_editor):
    """And, until this is over, nobody adds to what is copied."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE analytics_payercodemonth SET (parallel_workers = 0)")
        schema_editor.execute("LOCK TABLE analytics_codemonth IN SHARE MODE")


class Migration(migrations.Migration):
    dependencies = [("analytics", "0025_decided_appeals")]

    operations = [
        migrations.CreateModel(
            name="PayerCodeMonth",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=11)),
                ("day", models.DateField()),
                ("code", models.CharField(blank=True, max_length=140)),
                ("decided", models.BigIntegerField(default=0)),
                ("denied", models.BigIntegerField(default=0)),
                ("denied_charges", claims.money.MoneyField(default=0)),
                ("paid_claims", models.BigIntegerField(default=0)),
                (
                    "payer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="claims.payer",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "default_permissions": (),
                "indexes": [models.Index(fields=["name", "day", "payer"], name="payer_code_by_month")],
            },
        ),
        migrations.RunPython(read_by_one_process, migrations.RunPython.noop),
        migrations.RunSQL(ADDED_UP, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="dayfact", name="fact_by_day"),
        migrations.AddIndex(
            model_name="dayfact",
            index=models.Index(fields=["day"], include=["charges", "contractual"], name="fact_by_day"),
        ),
    ]
