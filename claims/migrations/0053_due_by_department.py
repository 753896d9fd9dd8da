"""What is due on lists of people who see some departments, found by these departments."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_time_zones"),
        ("claims", "0052_taking_back"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("balance__gt", 0),
                    ("status__in", ("submitted", "pending", "denied", "appealed")),
                    ("status", "denied"),
                ),
                fields=["department", "decided_on"],
                name="denied_by_department",
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
                fields=["department", "service_to"],
                name="unanswered_by_department",
            ),
        ),
    ]
