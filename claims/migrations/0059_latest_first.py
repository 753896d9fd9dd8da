"""Claims behind a number are found from the days on which they count, the latest first."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("claims", "0058_last_done")]

    operations = [
        migrations.RemoveIndex(model_name="claim", name="credit_by_number"),
        migrations.RemoveIndex(model_name="claim", name="decided_by_number"),
        migrations.RemoveIndex(model_name="claimpayment", name="payment_by_day"),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                fields=["submitted_on", "number"], name="credit_by_submission", condition=Q(balance__lt=0)
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                fields=["submitted_on", "number"], name="denied_by_submission", condition=Q(status="denied")
            ),
        ),
        migrations.AddIndex(
            model_name="claimevent",
            index=models.Index(
                fields=["at", "claim"], name="appeal_by_filing", condition=Q(to_status__in=("appealed",))
            ),
        ),
        migrations.AddIndex(
            model_name="claimpayment",
            index=models.Index(fields=["paid_on", "claim"], name="payment_by_day"),
        ),
    ]
