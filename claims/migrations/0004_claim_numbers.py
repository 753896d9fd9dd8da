"""On PostgreSQL a sequence gives claims their numbers: unlike a counter in a row, it makes nobody wait."""

from django.db import migrations


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE SEQUENCE claims_claim_number OWNED BY claims_claim.number")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP SEQUENCE claims_claim_number")


class Migration(migrations.Migration):
    dependencies = [("claims", "0003_claims")]

    operations = [migrations.RunPython(create, drop)]
