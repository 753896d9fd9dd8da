"""What workers do for the audit trail."""

from celery import shared_task

from . import audit


@shared_task
def seal_audit_trail() -> None:
    audit.seal()


@shared_task
def seal_stragglers() -> None:
    """Look at the whole trail, for what a very long transaction held back."""
    audit.seal(look_back=None)
