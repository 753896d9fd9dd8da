"""The letter of an appeal as PDF: set by Typst from the claim's facts, kept encrypted as it was first made.

What people typed goes to the templates as JSON and is set as plain text; none of it is ever read as Typst.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typst
from django.conf import settings

from accounts.models import User
from rcm_site.templatetags.ui import day, money
from rcm_site.typesetting import plain

from .appeal_words import UNKNOWN, facts_of, reasons_of
from .fields import decrypt_bytes, encrypt_bytes
from .models import Appeal, AppealLetter, Claim

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "letters"


def letter_of(appeal: Appeal, by: User) -> bytes:
    """The letter; made the first time that somebody wants it, and the same ever after."""
    letter = AppealLetter.objects.filter(appeal=appeal).first()
    if letter is None:
        content = encrypt_bytes(typeset(appeal, by))
        letter, _ = AppealLetter.objects.get_or_create(
            appeal=appeal, defaults={"content": content, "made_by": by}
        )
    return decrypt_bytes(bytes(letter.content))


def typeset(appeal: Appeal, by: User) -> bytes:
    category = appeal.category or Claim.Category.OTHER
    return typst.compile(
        TEMPLATES / f"{Claim.Category(category).value}.typ",
        root=TEMPLATES,
        sys_inputs={"told": json.dumps(plain(_told(appeal, by)))},
    )


def _told(appeal: Appeal, by: User) -> dict[str, Any]:
    claim = appeal.claim
    reasons = [
        {"code": each.code, "words": each.words, "amount": money(each.amount)} for each in reasons_of(claim)
    ]
    return asdict(facts_of(claim)) | {
        "letterhead": [each.strip() for each in settings.LETTERHEAD.split("|")],
        "denied": day(appeal.denied_on) if appeal.denied_on else UNKNOWN,
        "filed": f"{appeal.filed_on:%B} {appeal.filed_on.day}, {appeal.filed_on.year}",
        "level": str(appeal.level),
        "reasons": reasons,
        "text": appeal.reason.replace("\r\n", "\n"),
        "answer_by": day(appeal.due_on),
        "signed": (appeal.filed_by or by).name,
    }
