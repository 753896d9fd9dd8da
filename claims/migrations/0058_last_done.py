"""What a person did last is told from an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("claims", "0057_work_of_department_in_order")]

    operations = [
        migrations.RemoveIndex(model_name="claimevent", name="event_by_actor"),
        migrations.AddIndex(
            model_name="claimevent",
            index=models.Index(
                condition=models.Q(("actor__isnull", False), models.Q(("action", "received"), _negated=True)),
                fields=["actor", "at", "id"],
                include=("claim",),
                name="event_by_actor",
            ),
        ),
    ]
