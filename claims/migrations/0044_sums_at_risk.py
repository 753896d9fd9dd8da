"""The sums of what is at risk are read from the indexes alone."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_time_zones"),
        ("claims", "0043_small_lists"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="claim",
            name="denied_by_day",
        ),
        migrations.RemoveIndex(
            model_name="claim",
            name="unanswered_by_service",
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("balance__gt", 0),
                    ("status__in", ("submitted", "pending", "denied", "appealed")),
                    ("status", "denied"),
                ),
                fields=["decided_on"],
                include=("id", "payer", "department", "service_to", "denial_category", "balance"),
                name="denied_by_day",
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("balance__gt", 0),
                    ("status__in", ("submitted", "pending", "denied", "appealed")),
                    ("status__in", ("submitted", "pending")),
                    models.Q(("at_intake", "accepted"), _negated=True),
                ),
                fields=["service_to"],
                include=("id", "payer", "department", "balance"),
                name="unanswered_by_service",
            ),
        ),
    ]
