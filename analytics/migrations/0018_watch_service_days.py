"""What is at risk is told again only while no claim's days of service have changed."""

from django.db import migrations

from analytics.facts import fact_triggers


class Migration(migrations.Migration):
    dependencies = [("analytics", "0017_codes_by_payer")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: fact_triggers.watch_claims_anew(schema_editor),
            migrations.RunPython.noop,
        )
    ]
