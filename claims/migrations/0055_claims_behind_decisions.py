"""The newest claims wait for their decisions: lists of decided and denied ones pass them over."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0054_given_up_from_index"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="claim",
            name="denied_by_number",
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("first_decision", "denied"),
                    models.Q(("denial_category", ""), _negated=True),
                    ("status", "denied"),
                    _connector="OR",
                ),
                fields=["number"],
                include=("id", "status", "payer", "department", "submitted_on", "decided_on", "written_off"),
                name="denied_by_number",
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("decided_on__isnull", False),
                    ("first_decided_on__isnull", False),
                    ("paid_on__isnull", False),
                    _connector="OR",
                ),
                fields=["number"],
                name="decided_by_number",
            ),
        ),
    ]
