"""How worklists stand, kept; and one order of open work instead of two, with what rests apart."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import claims.money


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_time_zones"),
        ("claims", "0044_sums_at_risk"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BacklogDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("claims", models.PositiveIntegerField()),
                ("dollars", claims.money.MoneyField()),
                ("over_90", models.PositiveIntegerField()),
                ("oldest", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="KeptStanding",
            fields=[
                (
                    "worklist",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="standing",
                        serialize=False,
                        to="claims.worklist",
                    ),
                ),
                ("asked", models.JSONField(default=dict)),
                ("as_of", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="StandingPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("claims", models.PositiveIntegerField()),
                ("dollars", claims.money.MoneyField()),
                ("deadline", models.DateField(null=True)),
                ("at_rest", models.PositiveIntegerField()),
                ("front", models.JSONField(default=list)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="openwork",
            name="work_by_value",
        ),
        migrations.RemoveIndex(
            model_name="openwork",
            name="work_by_stake",
        ),
        migrations.AddIndex(
            model_name="openwork",
            index=models.Index(fields=["at_stake", "-value", "claim"], name="work_in_order"),
        ),
        migrations.AddIndex(
            model_name="openwork",
            index=models.Index(
                condition=models.Q(("pended_until__isnull", False), ("closed_as__gt", ""), _connector="OR"),
                fields=["pended_until"],
                name="work_at_rest",
            ),
        ),
        migrations.AddField(
            model_name="backlogday",
            name="department",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.department",
            ),
        ),
        migrations.AddField(
            model_name="backlogday",
            name="worklist",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="days",
                to="claims.worklist",
            ),
        ),
        migrations.AddField(
            model_name="standingpart",
            name="assignee",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="standingpart",
            name="department",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.department",
            ),
        ),
        migrations.AddField(
            model_name="standingpart",
            name="held_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="standingpart",
            name="standing",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="claims.keptstanding"
            ),
        ),
        migrations.AddConstraint(
            model_name="backlogday",
            constraint=models.UniqueConstraint(
                fields=("worklist", "day", "department"), name="one_backlog_a_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="backlogday",
            constraint=models.UniqueConstraint(
                condition=models.Q(("department", None)),
                fields=("worklist", "day"),
                name="one_backlog_a_day_of_none",
            ),
        ),
    ]
