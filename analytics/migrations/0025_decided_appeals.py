"""Which events decided an appeal is kept of each day: days that have any are marked, to be looked through once."""

import django.db.models.deletion
from django.db import migrations, models

MARK = """
INSERT INTO analytics_dirtyday (fact, day)
SELECT DISTINCT 'day', day FROM analytics_dayfact WHERE appeals_decided > 0
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0024_underpayments_by_cause"), ("claims", "0059_latest_first")]

    operations = [
        migrations.CreateModel(
            name="DecidedAppeal",
            fields=[
                ("event", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("to_status", models.CharField(max_length=11)),
                (
                    "claim",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="claims.claim",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["at", "claim"], name="decided_appeal_by_moment")],
            },
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
