"""The list of claims of one status is read in its order, however few of all claims those are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("claims", "0060_short_by_procedure")]

    operations = [
        migrations.RemoveIndex(model_name="claim", name="denied_by_number"),
        migrations.AddIndex(
            model_name="claim", index=models.Index(fields=["status", "number"], name="claim_by_status")
        ),
    ]
