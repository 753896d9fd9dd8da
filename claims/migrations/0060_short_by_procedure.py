"""What fell short for one cause, without reading what fell short for others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0059_latest_first"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="shortfall",
            index=models.Index(
                condition=models.Q(("cause", "law"), _negated=True),
                fields=["procedure", "modifiers", "cause"],
                include=("claim", "expected", "amount"),
                name="short_by_procedure",
            ),
        ),
    ]
