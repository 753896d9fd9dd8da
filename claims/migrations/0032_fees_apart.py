"""Keeps the days of a payer's prices for one service apart on PostgreSQL, also between two who write at once.

An exclusion over payer, procedure and modifier as they are needs an extension (btree_gist) that not every
server offers. So each service gets a stretch of numbers of its own, and its days are ranges within it.
"""

from django.db import migrations

APART = """
ALTER TABLE claims_feeschedule ADD CONSTRAINT one_fee_a_day EXCLUDE USING gist (
    numrange(
        hashtextextended(payer_id::text || ' ' || procedure || ' ' || modifier, 0)::numeric * 10000000
            + (valid_from - DATE '0001-01-01'),
        hashtextextended(payer_id::text || ' ' || procedure || ' ' || modifier, 0)::numeric * 10000000
            + (coalesce(valid_to, DATE '9999-12-31') - DATE '0001-01-01'),
        '[]'
    ) WITH &&
)
"""


def keep_apart(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(APART, params=None)


def no_longer(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE claims_feeschedule DROP CONSTRAINT one_fee_a_day", params=None)


class Migration(migrations.Migration):
    dependencies = [("claims", "0031_contracts")]

    operations = [migrations.RunPython(keep_apart, no_longer)]
