"""The claims behind a number are listed with the latest first, however many of them one day has."""

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

# Each day by which claims are counted, and the index that finds claims by it.
DAYS = {
    "first_decided_on": "claim_by_first_decision",
    "decided_on": "claim_by_decision",
    "paid_on": "claim_by_payment",
}


def wider(day: str, name: str) -> list[Operation]:
    index = models.Index(fields=[day, "number"], name=name, condition=models.Q((f"{day}__isnull", False)))
    return [
        migrations.RemoveIndex(model_name="claim", name=name),
        migrations.AddIndex(model_name="claim", index=index),
    ]


class Migration(migrations.Migration):
    dependencies = [("claims", "0061_claims_of_a_status")]

    operations = [operation for each in DAYS.items() for operation in wider(*each)]
