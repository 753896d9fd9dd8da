"""Alerts that open at once are told in one message; a rule or a webhook does not take its past with it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0015_json_files"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="others",
            field=models.ManyToManyField(related_name="told_with", to="analytics.alertevent"),
        ),
        migrations.AlterField(
            model_name="alert",
            name="rule",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="alerts",
                to="analytics.alertrule",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="webhook",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="analytics.webhook",
            ),
        ),
    ]
