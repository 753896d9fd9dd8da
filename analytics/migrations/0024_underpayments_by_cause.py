"""Underpayments by cause as facts, which the worker adds up when it first looks at them."""

import django.db.models.deletion
from django.db import migrations, models

import claims.money


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_time_zones"),
        ("analytics", "0023_codes_by_provider"),
        ("claims", "0058_last_done"),
    ]

    operations = [
        migrations.AddField(
            model_name="factstate",
            name="tolerated",
            field=models.CharField(max_length=80, null=True),
        ),
        migrations.CreateModel(
            name="CauseFact",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=13)),
                ("procedure", models.CharField(blank=True, max_length=20)),
                ("modifiers", models.CharField(blank=True, max_length=40)),
                ("cause", models.CharField(max_length=6)),
                ("is_worth", models.BooleanField()),
                ("claims", models.BigIntegerField(default=0)),
                ("short", claims.money.MoneyField(default=0)),
                ("expected", claims.money.MoneyField(default=0)),
                ("above", claims.money.MoneyField(default=0)),
                ("first", models.DateField()),
                ("last", models.DateField()),
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
                "indexes": [models.Index(fields=["day"], name="cause_fact_by_day")],
            },
        ),
        migrations.CreateModel(
            name="CauseMonth",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=13)),
                ("procedure", models.CharField(blank=True, max_length=20)),
                ("modifiers", models.CharField(blank=True, max_length=40)),
                ("cause", models.CharField(max_length=6)),
                ("is_worth", models.BooleanField()),
                ("claims", models.BigIntegerField(default=0)),
                ("short", claims.money.MoneyField(default=0)),
                ("expected", claims.money.MoneyField(default=0)),
                ("above", claims.money.MoneyField(default=0)),
                ("first", models.DateField()),
                ("last", models.DateField()),
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
                "indexes": [models.Index(fields=["day"], name="cause_fact_by_month")],
            },
        ),
    ]
