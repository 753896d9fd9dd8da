"""What people did, told from an index: to which claims, and which of them are void."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_time_zones"),
        ("claims", "0045_kept_standings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="claimevent",
            name="event_by_actor",
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(condition=models.Q(("status", "void")), fields=["id"], name="void_claim"),
        ),
        migrations.AddIndex(
            model_name="claimevent",
            index=models.Index(
                condition=models.Q(("actor__isnull", False)),
                fields=["actor", "at"],
                include=("claim", "action"),
                name="event_by_actor",
            ),
        ),
    ]
