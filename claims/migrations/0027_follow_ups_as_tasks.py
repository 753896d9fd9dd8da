"""What follow-ups are about stands in the task itself: the patient, who asked, and the day they came."""

from django.db import migrations
from django.db.models import OuterRef, Subquery
from django.db.models.functions import TruncDate


def tell(apps, schema_editor):
    Task, Assessment = apps.get_model("claims", "Task"), apps.get_model("claims", "Assessment")
    assessments = Assessment.objects.filter(pk=OuterRef("assessment_id"))
    Task.objects.filter(assessment__isnull=False).update(
        patient_id=Subquery(assessments.values("patient_id")[:1]),
        made_by_id=Subquery(assessments.values("asked_by_id")[:1]),
        due_on=TruncDate("made_at"),
    )


class Migration(migrations.Migration):
    dependencies = [("claims", "0026_tasks")]

    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
