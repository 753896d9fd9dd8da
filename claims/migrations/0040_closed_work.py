"""Work on a claim can be closed until something changes."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0039_tags"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="openwork",
            name="closed_as",
            field=models.CharField(blank=True, max_length=22),
        ),
        migrations.AddField(
            model_name="openwork",
            name="closed_why",
            field=models.CharField(
                blank=True,
                choices=[
                    ("accepted", "The payer’s answer is accepted"),
                    ("patient", "The rest is the patient’s, who has been billed"),
                    ("elsewhere", "Another claim covers it"),
                    ("hopeless", "Nothing more can be done"),
                    ("other", "Another reason"),
                ],
                max_length=9,
            ),
        ),
    ]
