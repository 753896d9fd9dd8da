"""What to do about missing numbers of the night, without signs that a page shows as they are."""

from django.db import migrations

KEY = "stale_snapshots"
MARKED = "See whether worker and beat run. `manage.py take_snapshots` takes what is missing."
PLAIN = "See whether worker and beat run. The command manage.py take_snapshots takes what is missing."


def rewrite(apps, schema_editor):
    """Where nobody has written something else since."""
    apps.get_model("analytics", "AlertRule").objects.filter(shipped_as=KEY, runbook=MARKED).update(
        runbook=PLAIN
    )


class Migration(migrations.Migration):
    dependencies = [("analytics", "0030_days_of_new_claims")]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop)]
