"""Shortfalls by cause, from an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0048_lists_behind_numbers"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="shortfall",
            index=models.Index(
                condition=models.Q(("cause", "law"), _negated=True),
                fields=["claim"],
                include=("procedure", "modifiers", "cause", "expected", "amount"),
                name="short_but_for_law",
            ),
        ),
    ]
