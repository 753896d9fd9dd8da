"""Triggers keep each provider's net fee; lines that are here already are counted once."""

from django.db import migrations

from claims import provider_triggers

COUNT = """
INSERT INTO claims_providertotal (provider_id, net_fee, lines)
SELECT line.provider_id, sum(line.net_fee), count(*)
FROM claims_claimline line JOIN claims_claim claim ON claim.id = line.claim_id
WHERE line.provider_id IS NOT NULL AND line.net_fee IS NOT NULL AND claim.status <> 'void'
GROUP BY line.provider_id
"""


def begin(apps, schema_editor):
    schema_editor.execute(COUNT, params=None)
    provider_triggers.create(schema_editor)


def end(apps, schema_editor):
    provider_triggers.drop(schema_editor)
    schema_editor.execute("DELETE FROM claims_providerchange")
    schema_editor.execute("DELETE FROM claims_providertotal")


class Migration(migrations.Migration):
    dependencies = [("claims", "0007_payments_side")]

    operations = [migrations.RunPython(begin, end)]
