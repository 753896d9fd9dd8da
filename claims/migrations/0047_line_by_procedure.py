"""Lines by their procedure: whoever asks for the claims with one would read all lines otherwise."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("claims", "0046_people_and_void")]

    operations = [
        migrations.AddIndex(
            model_name="claimline",
            index=models.Index(fields=["procedure", "claim"], name="line_by_procedure"),
        )
    ]
