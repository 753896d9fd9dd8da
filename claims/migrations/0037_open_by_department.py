from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("claims", "0036_appeals")]

    operations = [
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("balance__gt", 0), ("status__in", ("submitted", "pending", "denied", "appealed"))
                ),
                fields=["department", "submitted_on"],
                name="open_by_department",
            ),
        ),
    ]
