"""The site's own chores: a sign of life, the mail, and tidying up."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from . import mail, request_minutes
from .models import Heartbeat


@shared_task
def pulse() -> None:
    """Prove that a worker takes calls and reaches the database."""
    Heartbeat.objects.beat("worker")


@shared_task
def send_mail() -> None:
    mail.send_due()


@shared_task
def tidy_up() -> None:
    """Forget what has served its time: sessions, tokens, mail, how requests were answered."""
    call_command("clearsessions")
    call_command("flushexpiredtokens")
    mail.forget_old()
    request_minutes.forget_old(timezone.now())
