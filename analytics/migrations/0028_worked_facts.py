"""How many claims a person worked in a period is told by facts: days with work are marked, to be added up once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from analytics.facts import fact_triggers

MARK = """
INSERT INTO analytics_dirtyday (fact, day)
SELECT DISTINCT 'staff', day FROM analytics_stafffact WHERE claims > 0
"""


def _key(to):
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=to,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_time_zones"),
        ("analytics", "0027_left_to_patients"),
        ("claims", "0061_claims_of_a_status"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkedFact",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("last_before", models.DateField(null=True)),
                ("claims", models.BigIntegerField(default=0)),
                ("department", _key("accounts.department")),
                ("staff", _key(settings.AUTH_USER_MODEL)),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["day"], name="worked_fact_by_day"),
                    models.Index(fields=["staff", "day"], name="worked_fact_by_staff"),
                ],
            },
        ),
        migrations.RunPython(
            lambda apps, schema_editor: fact_triggers.watch_events_anew(schema_editor),
            migrations.RunPython.noop,
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
