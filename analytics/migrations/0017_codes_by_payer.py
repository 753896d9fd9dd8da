"""One payer's codes are found without reading all the others'."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0016_told_together_and_kept")]

    operations = [
        migrations.RemoveIndex(model_name="codefact", name="code_fact_by_day"),
        migrations.RemoveIndex(model_name="codemonth", name="code_fact_by_month"),
        migrations.AddIndex(
            model_name="codefact",
            index=models.Index(fields=["name", "day", "payer"], name="code_fact_by_day"),
        ),
        migrations.AddIndex(
            model_name="codemonth",
            index=models.Index(fields=["name", "day", "payer"], name="code_fact_by_month"),
        ),
    ]
