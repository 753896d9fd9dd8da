"""The claims behind a number in the order that they are listed in, and underpaid ones, from indexes alone."""

import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_time_zones"),
        ("claims", "0047_line_by_procedure"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="claim",
            name="underpaid_by_day",
        ),
        migrations.RemoveIndex(
            model_name="claimevent",
            name="event_of_appeal",
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    (
                        "expected__gt",
                        django.db.models.expressions.CombinedExpression(
                            models.F("paid"), "+", models.F("patient_share")
                        ),
                    ),
                    ("status", "paid"),
                ),
                fields=["paid_on"],
                include=("id", "payer", "department"),
                name="underpaid_by_day",
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("balance__gt", 0), ("status__in", ("submitted", "pending", "denied", "appealed"))
                ),
                fields=["number"],
                include=("id", "submitted_on", "payer", "department"),
                name="open_by_number",
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(("balance__lt", 0)),
                fields=["number"],
                include=("id", "submitted_on", "status", "payer", "department"),
                name="credit_by_number",
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("first_decision", "denied"),
                    models.Q(("denial_category", ""), _negated=True),
                    _connector="OR",
                ),
                fields=["number"],
                include=("id", "status", "payer", "department"),
                name="denied_by_number",
            ),
        ),
        migrations.AddIndex(
            model_name="claimevent",
            index=models.Index(
                condition=models.Q(("to_status", "written_off")),
                fields=["claim", "at"],
                include=("id", "from_status", "to_status"),
                name="write_off_by_claim",
            ),
        ),
        migrations.AddIndex(
            model_name="claimevent",
            index=models.Index(
                condition=models.Q(("to_status__in", ("appealed",))),
                fields=["claim", "at"],
                include=("id", "from_status", "to_status"),
                name="event_of_appeal",
            ),
        ),
    ]
