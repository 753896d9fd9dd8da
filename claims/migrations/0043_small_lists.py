"""Lists that began with reading far more than they show."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_time_zones"),
        ("claims", "0042_mark_events"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(("written_off__gt", 0)), fields=["decided_on"], name="given_up_by_day"
            ),
        ),
        migrations.AddIndex(
            model_name="claimevent",
            index=models.Index(
                condition=models.Q(("to_status", "written_off")),
                fields=["at", "claim"],
                name="event_of_write_off",
            ),
        ),
        migrations.AddIndex(
            model_name="claimline",
            index=models.Index(
                condition=models.Q(("net_fee__isnull", False)),
                fields=["service_date", "claim"],
                name="fee_by_day",
            ),
        ),
        migrations.AddIndex(
            model_name="claimpayment",
            index=models.Index(fields=["remittance", "id"], name="payment_of_remittance"),
        ),
    ]
