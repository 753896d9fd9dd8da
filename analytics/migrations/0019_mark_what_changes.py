"""Marks say more closely what is outdated: lines alone, and the past only since a claim was submitted."""

from datetime import date

from django.db import migrations, models

from analytics.facts import fact_triggers


class Migration(migrations.Migration):
    dependencies = [("analytics", "0018_watch_service_days")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: fact_triggers.drop(schema_editor), migrations.RunPython.noop
        ),
        migrations.AddField(
            model_name="changedclaim",
            name="since",
            field=models.DateField(db_default=date(1900, 1, 1)),
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
            lambda apps, schema_editor: fact_triggers.create(schema_editor), migrations.RunPython.noop
        ),
    ]
