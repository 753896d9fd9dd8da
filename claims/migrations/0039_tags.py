"""Words that people and rules put on claims."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0038_appeal_letters"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=40,
                        validators=[
                            django.core.validators.RegexValidator(
                                "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]",
                                "A name is one line of plain text.",
                                inverse_match=True,
                            )
                        ],
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"), name="one_tag_a_name"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimTag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("put_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "claim",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tags",
                        to="claims.claim",
                    ),
                ),
                (
                    "put_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="claims",
                        to="claims.tag",
                    ),
                ),
            ],
            options={
                "ordering": ["tag__name"],
            },
        ),
        migrations.AddIndex(
            model_name="claimtag",
            index=models.Index(fields=["tag", "claim"], name="claims_of_tag"),
        ),
        migrations.AddConstraint(
            model_name="claimtag",
            constraint=models.UniqueConstraint(fields=("claim", "tag"), name="one_tag_a_claim"),
        ),
    ]
