"""Which denied claims were given up before they came here is told from the index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("claims", "0053_due_by_department")]

    operations = [
        migrations.RemoveIndex(model_name="claim", name="denied_by_number"),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("first_decision", "denied"),
                    models.Q(("denial_category", ""), _negated=True),
                    _connector="OR",
                ),
                fields=["number"],
                include=(
                    *("id", "status", "payer", "department"),
                    *("submitted_on", "decided_on", "written_off"),
                ),
                name="denied_by_number",
            ),
        ),
    ]
