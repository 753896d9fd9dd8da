"""Follow-ups become tasks: with an owner, a day and a reminder, and also for claims."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import claims.fields

USER = settings.AUTH_USER_MODEL
PROTECT = django.db.models.deletion.PROTECT
CASCADE = django.db.models.deletion.CASCADE
KINDS = [
    ("call", "Call the payer"),
    ("check", "Check where it stands"),
    ("documents", "Send documents"),
    ("authorisation", "Prior authorisation"),
    ("rebill", "Correct and rebill"),
    ("appeal", "Appeal"),
    ("patient", "Contact the patient"),
    ("follow_up", "Follow up an urgent patient"),
    ("other", "Something else"),
]


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(USER),
        ("claims", "0025_appeals_by_claim"),
    ]

    operations = [
        migrations.RemoveConstraint("followup", "closed_by_somebody"),
        migrations.RemoveIndex("followup", "open_follow_ups"),
        migrations.RenameModel("FollowUp", "Task"),
        migrations.RenameField("task", "opened_at", "made_at"),
        migrations.RenameField("task", "closed_at", "done_at"),
        migrations.RenameField("task", "closed_by", "done_by"),
        migrations.AlterField(
            "task",
            "assessment",
            models.OneToOneField(
                null=True, on_delete=PROTECT, related_name="follow_up", to="claims.assessment"
            ),
        ),
        migrations.AddField(
            "task", "kind", models.CharField(choices=KINDS, default="follow_up", max_length=13)
        ),
        migrations.AlterField(
            "task", "kind", models.CharField(choices=KINDS, default="other", max_length=13)
        ),
        migrations.AddField(
            "task",
            "text",
            claims.fields.EncryptedField(
                blank=True, help_text="May tell of a patient, so nobody but the site can read it."
            ),
        ),
        migrations.AddField(
            "task",
            "claim",
            models.ForeignKey(
                db_index=False, null=True, on_delete=CASCADE, related_name="tasks", to="claims.claim"
            ),
        ),
        migrations.AddField(
            "task",
            "patient",
            models.ForeignKey(
                db_index=False, null=True, on_delete=PROTECT, related_name="tasks", to="claims.patient"
            ),
        ),
        migrations.AddField(
            "task",
            "owner",
            models.ForeignKey(db_index=False, null=True, on_delete=PROTECT, related_name="tasks", to=USER),
        ),
        migrations.AddField(
            "task",
            "due_on",
            models.DateField(default=django.utils.timezone.localdate),
            preserve_default=False,
        ),
        migrations.AddField("task", "reminder_on", models.DateField(blank=True, null=True)),
        migrations.AddField(
            "task", "made_by", models.ForeignKey(null=True, on_delete=PROTECT, related_name="+", to=USER)
        ),
        migrations.AddField(
            "task",
            "changed_at",
            models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.AlterModelOptions("task", {"ordering": ["due_on", "id"]}),
        migrations.AddConstraint(
            "task",
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
                name="done_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            "task",
            models.CheckConstraint(condition=Q(claim=None) | Q(patient=None), name="task_for_one_thing"),
        ),
        migrations.AddConstraint(
            "task",
            models.CheckConstraint(
                condition=Q(reminder_on=None) | Q(reminder_on__lte=F("due_on")), name="reminded_before_due"
            ),
        ),
        migrations.AddIndex(
            "task",
            models.Index(fields=["owner", "due_on"], name="open_task_by_owner", condition=Q(done_at=None)),
        ),
        migrations.AddIndex(
            "task",
            models.Index(fields=["done_by", "-done_at"], name="task_by_doer", condition=~Q(done_at=None)),
        ),
        migrations.AddIndex(
            "task",
            models.Index(fields=["claim"], name="task_by_claim", condition=Q(claim__isnull=False)),
        ),
        migrations.AddIndex(
            "task",
            models.Index(fields=["patient"], name="task_by_patient", condition=Q(patient__isnull=False)),
        ),
        migrations.AddIndex(
            "task",
            models.Index(
                fields=["made_at"],
                name="open_follow_ups",
                condition=Q(done_at=None, assessment__isnull=False),
            ),
        ),
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.OneToOneField(on_delete=CASCADE, related_name="calendar_feed", to=USER),
                ),
            ],
        ),
    ]
