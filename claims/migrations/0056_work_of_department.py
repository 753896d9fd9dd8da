"""Work knows its claim's department, and is marked when that changes: one department's is found in order."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

from claims.worklists import work_triggers


def begin(apps, schema_editor):
    work_triggers.drop(schema_editor)
    work_triggers.create(schema_editor)
    departments = apps.get_model("claims", "Claim").objects.filter(pk=OuterRef("claim")).values("department")
    apps.get_model("claims", "OpenWork").objects.update(department=Subquery(departments))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_time_zones"), ("claims", "0055_claims_behind_decisions")]

    operations = [
        migrations.AddField(
            model_name="openwork",
            name="department",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.department",
            ),
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
