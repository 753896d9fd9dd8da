"""What waits for one person: their own open claims, and whom somebody must see."""

from __future__ import annotations

from django.db.models import Count, Min, Q, Sum
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from claims.models import Claim
from claims.models.claims import OPEN
from claims.todo import waiting_for
from rcm_site.templatetags.ui import day, money

from .cards import Card


def work_cards(user: User) -> list[Card]:
    """Of the open claims assigned to this person: how many there are, the denied ones, the oldest."""
    own = Claim.objects.visible_to(user).filter(assignee=user, status__in=OPEN)
    told = own.aggregate(
        claims=Count("pk"),
        to_come=Sum("balance"),
        denied=Count("pk", filter=Q(status=Claim.Status.DENIED)),
        at_stake=Sum("balance", filter=Q(status=Claim.Status.DENIED)),
        oldest=Min("submitted_on"),
    )
    mine = f"{reverse('claims')}?assignee=me"
    return [
        Card(
            "Your open claims",
            f"{told['claims']:,}",
            url=f"{mine}&status=open" if told["claims"] else reverse("worklists"),
            definition="Claims assigned to you that are submitted, pending, denied or appealed.",
            n=f"{money(told['to_come'])} still to come"
            if told["claims"]
            else "none is yours: take one from a worklist",
        ),
        Card(
            "Your denied claims",
            f"{told['denied']:,}",
            url=f"{mine}&status=denied",
            definition="Claims assigned to you that stand denied: to be appealed, corrected or given up.",
            n=f"{money(told['at_stake'])} at stake" if told["denied"] else "none waits for you",
        ),
        Card(
            "Your oldest claim",
            day(told["oldest"]),
            url=f"{mine}&status=open&sort=submitted",
            definition="The day on which the longest open of your claims was submitted.",
            n="submitted and still open" if told["oldest"] else "nothing is open",
        ),
    ]


def task_card(user: User) -> Card:
    """What has to be done by this evening: one's own tasks, and those that are nobody's yet."""
    today = timezone.localdate()
    told = waiting_for(user).aggregate(
        due=Count("pk", filter=Q(due_on__lte=today)),
        urgent=Count("pk", filter=Q(assessment__isnull=False)),
        overdue=Count("pk", filter=Q(due_on__lt=today, assessment=None)),
        reminders=Count("pk", filter=Q(due_on__gt=today, reminder_on__lte=today)),
    )
    patients = "1 urgent patient" if told["urgent"] == 1 else f"{told['urgent']:,} urgent patients"
    words = [patients] if told["urgent"] else []
    words += [f"{told['overdue']:,} overdue"] if told["overdue"] else []
    words += [f"reminded of {told['reminders']:,} more"] if told["reminders"] else []
    return Card(
        "Tasks due",
        f"{told['due']:,}",
        url=reverse("tasks"),
        definition="Open tasks due by today that are yours or nobody's yet, urgent patients among them.",
        n=", ".join(words) or "none is overdue",
    )
