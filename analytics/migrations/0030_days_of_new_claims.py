"""Notes of claims that come in say on which days these count: a page about other days does not look them up."""

from django.db import migrations, models

from analytics.facts import fact_triggers


def none_come_in(apps, schema_editor):
    """Until this is over: a claim would be noted without its days."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("LOCK TABLE claims_claim IN SHARE MODE")


def noted_with_their_days(apps, schema_editor):
    fact_triggers.note_days_of_new_claims(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0029_provider_totals")]

    operations = [
        migrations.RunPython(none_come_in, migrations.RunPython.noop),
        migrations.AddField("newclaim", "submitted_on", models.DateField(null=True)),
        migrations.AddField("newclaim", "first_decided_on", models.DateField(null=True)),
        migrations.AddField("newclaim", "decided_on", models.DateField(null=True)),
        migrations.AddField("newclaim", "paid_on", models.DateField(null=True)),
        migrations.AddField("newclaim", "received_at", models.DateTimeField(null=True)),
        migrations.AddField("newclaim", "served_from", models.DateField(null=True)),
        migrations.AddField("newclaim", "served_until", models.DateField(null=True)),
        migrations.RunPython(noted_with_their_days, migrations.RunPython.noop),
    ]
