"""Marks say more closely what is outdated, and days that are marked all the time are left until they rest."""

from datetime import date

from django.db import migrations, models

from analytics.facts import fact_triggers
from analytics.past import balance_triggers


class Migration(migrations.Migration):
    dependencies = [("analytics", "0019_what_the_law_keeps")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: balance_triggers.drop(schema_editor), migrations.RunPython.noop
        ),
        migrations.AddField(
            model_name="changedclaim",
            name="since",
            field=models.DateField(db_default=date(1900, 1, 1)),
        ),
        migrations.RunPython(
            lambda apps, schema_editor: balance_triggers.create(schema_editor), migrations.RunPython.noop
        ),
        migrations.AlterField(
            model_name="dirtyday",
            name="fact",
            field=models.CharField(
                choices=[
                    ("day", "What claims come to in a day"),
                    ("line", "What their lines come to, and nothing else"),
                    ("staff", "By day and person"),
                ],
                max_length=8,
            ),
        ),
        migrations.RunPython(
            lambda apps, schema_editor: fact_triggers.watch_lines_anew(schema_editor),
            migrations.RunPython.noop,
        ),
        migrations.AddField(
            model_name="factstate", name="looked_until", field=models.BigIntegerField(null=True)
        ),
    ]
