"""Rules that act when a claim changes, what they did, and which event was theirs."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0040_closed_work"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AutomationMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="AutomationRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=80,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]",
                                "A name is one line of plain text.",
                                inverse_match=True,
                            )
                        ],
                    ),
                ),
                ("on", models.JSONField(default=list)),
                ("filters", models.JSONField(blank=True, default=dict)),
                ("then", models.JSONField(default=dict)),
                ("is_active", models.BooleanField(default=False, verbose_name="switched on")),
                ("active_since", models.DateTimeField(editable=False, null=True)),
                ("tried_at", models.DateTimeField(editable=False, null=True)),
                ("tried", models.JSONField(default=dict, editable=False)),
                ("problem", models.CharField(blank=True, editable=False, max_length=300)),
                ("told_at", models.DateTimeField(editable=False, null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="claimevent",
            name="rule",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="claims.automationrule",
            ),
        ),
        migrations.CreateModel(
            name="AutomationRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("done", "Done"), ("failed", "Failed")], default="done", max_length=6
                    ),
                ),
                ("did", models.JSONField(default=list)),
                ("problem", models.CharField(blank=True, max_length=300)),
                ("is_to_tell", models.BooleanField(default=False)),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="claims.claim"
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="runs",
                        to="claims.claimevent",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="claims.automationrule",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="automationrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_active", False),
                    models.Q(("active_since__isnull", False), ("tried_at__isnull", False)),
                    _connector="OR",
                ),
                name="automation_tried_first",
            ),
        ),
        migrations.AddIndex(
            model_name="automationrun",
            index=models.Index(fields=["rule", "-at"], name="run_by_rule"),
        ),
        migrations.AddIndex(
            model_name="automationrun",
            index=models.Index(condition=models.Q(("is_to_tell", True)), fields=["rule"], name="run_to_tell"),
        ),
        migrations.AddConstraint(
            model_name="automationrun",
            constraint=models.UniqueConstraint(fields=("event", "rule"), name="one_run_a_change"),
        ),
    ]
