"""What each provider renders, and what of it is denied, by procedure: made from the claims, so days are marked."""

import django.db.models.deletion
from django.db import migrations, models

import claims.money

MARK = "INSERT INTO analytics_dirtyday (fact, day) SELECT DISTINCT 'day', day FROM analytics_dayfact"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_time_zones"),
        ("analytics", "0022_new_claims"),
        ("claims", "0058_last_done"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProviderCodeFact",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=11)),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=13)),
                ("code", models.CharField(blank=True, max_length=140)),
                ("decided", models.BigIntegerField(default=0)),
                ("denied", models.BigIntegerField(default=0)),
                ("denied_charges", claims.money.MoneyField(default=0)),
                ("fee_lines", models.BigIntegerField(default=0)),
                ("net_fees", claims.money.MoneyField(default=0)),
                (
                    "department",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.department",
                    ),
                ),
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
                    models.Index(fields=["day"], name="provider_code_by_day"),
                    models.Index(fields=["provider", "name", "day"], name="provider_code_by_provider"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderCodeMonth",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=11)),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=13)),
                ("code", models.CharField(blank=True, max_length=140)),
                ("decided", models.BigIntegerField(default=0)),
                ("denied", models.BigIntegerField(default=0)),
                ("denied_charges", claims.money.MoneyField(default=0)),
                ("fee_lines", models.BigIntegerField(default=0)),
                ("net_fees", claims.money.MoneyField(default=0)),
                (
                    "department",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.department",
                    ),
                ),
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
                    models.Index(fields=["day"], name="provider_code_by_month"),
                    models.Index(fields=["provider", "name", "day"], name="provider_code_month_of_one"),
                ],
            },
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
