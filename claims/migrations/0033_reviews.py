import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import claims.fields


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0032_fees_apart"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReviewSample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("random", "At random"),
                            ("person", "At random, of one person"),
                            ("risk", "Write-offs and high dollars first"),
                        ],
                        max_length=6,
                    ),
                ),
                ("start", models.DateField()),
                ("end", models.DateField()),
                ("seed", models.BigIntegerField()),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.PositiveIntegerField()),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not reviewed yet"), ("ok", "Right"), ("error", "An error")],
                        max_length=5,
                    ),
                ),
                (
                    "error_type",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "None"),
                            ("code", "Wrong code or modifier"),
                            ("payer", "Wrong payer, plan or member"),
                            ("step", "Wrong next step"),
                            ("amount", "Wrong amount or write-off"),
                            ("documents", "Documents missing"),
                            ("late", "Too late"),
                            ("note", "Not written down"),
                            ("privacy", "Privacy"),
                            ("other", "Something else"),
                        ],
                        max_length=9,
                    ),
                ),
                ("comment", claims.fields.EncryptedField(blank=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                ("was_marked", models.BooleanField(default=False)),
                ("answer", claims.fields.EncryptedField(blank=True)),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="review",
                        to="claims.claimevent",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sample",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reviews",
                        to="claims.reviewsample",
                    ),
                ),
            ],
            options={
                "ordering": ["sample", "place"],
            },
        ),
        migrations.AddConstraint(
            model_name="reviewsample",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("person__isnull", False), ("way", "person")),
                    models.Q(models.Q(("way", "person"), _negated=True), ("person", None)),
                    _connector="OR",
                ),
                name="sample_of_a_person_names_them",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(fields=("sample", "place"), name="one_review_a_place"),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reviewed_at", None), ("reviewer", None), ("verdict", "")),
                    models.Q(
                        models.Q(("verdict", ""), _negated=True),
                        ("reviewed_at__isnull", False),
                        ("reviewer__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="reviewed_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("verdict", "error"), models.Q(("error_type", ""), _negated=True)),
                    models.Q(models.Q(("verdict", "error"), _negated=True), ("error_type", "")),
                    _connector="OR",
                ),
                name="an_error_has_a_type",
            ),
        ),
    ]
