"""What a payer left to the patient was closed also where it paid nothing: past balances look at it, too."""

from typing import Any

from django.db import migrations

from analytics.past import balance_triggers


def look_again(apps: Any, schema_editor: Any) -> None:
    """At the claims of which this may say something else than what is kept."""
    schema_editor.execute(
        f"INSERT INTO {balance_triggers.MARKS} (claim_id) SELECT id FROM claims_claim"  # noqa: S608
        " WHERE first_decision = 'paid' AND id IN (SELECT claim_id FROM claims_claimpayment"
        " WHERE state = 'posted' AND paid_on IS NOT NULL AND paid = 0 AND patient_share <> 0)",
        params=None,
    )


class Migration(migrations.Migration):
    dependencies = [("analytics", "0026_codes_of_payers")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: balance_triggers.drop(schema_editor), migrations.RunPython.noop
        ),
        migrations.RunPython(
            lambda apps, schema_editor: balance_triggers.create(schema_editor), migrations.RunPython.noop
        ),
        migrations.RunPython(look_again, migrations.RunPython.noop),
    ]
