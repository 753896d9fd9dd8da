"""One department's work, in order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("claims", "0056_work_of_department")]

    operations = [
        migrations.AddIndex(
            model_name="openwork",
            index=models.Index(
                fields=["at_stake", "department", "-value", "claim"], name="work_of_department"
            ),
        ),
    ]
