"""What an alert comes from, in words: which payers or departments, and mostly which denials."""

from __future__ import annotations

from ..models import Alert


def contributors(alert: Alert) -> list[str]:
    """The three that contributed most, as in "BlueCross: 41 more claims denied, mostly authorisation"."""
    raise NotImplementedError
