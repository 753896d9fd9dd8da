"""What the law keeps back is a sum of every day, and each change to what claims lack marks theirs."""

from django.db import migrations

import claims.money
from analytics.facts import fact_triggers

FACTS = ("dayfact", "monthfact", "categoryfact", "categorymonth", "providerfact", "providermonth")
KEPT_BACK = """
    INSERT INTO analytics_dirtyday (fact, day)
    SELECT DISTINCT 'day', claim.paid_on
    FROM claims_shortfall AS part JOIN claims_claim AS claim ON claim.id = part.claim_id
    WHERE part.cause = 'law' AND claim.paid_on IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0018_watch_service_days"),
        ("claims", "0049_short_but_for_law"),
    ]

    operations = [
        *(migrations.AddField(fact, "kept_by_law", claims.money.MoneyField(default=0)) for fact in FACTS),
        migrations.RunPython(
            lambda apps, schema_editor: fact_triggers.watch_shortfalls(schema_editor),
            lambda apps, schema_editor: fact_triggers.unwatch_shortfalls(schema_editor),
        ),
        migrations.RunSQL(KEPT_BACK, migrations.RunSQL.noop),
    ]
