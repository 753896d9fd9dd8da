"""Letters of appeal: one for every kind of denial, and nothing that anybody typed is read as Typst."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditEntry
from claims import appeal_letters, appeals, changes
from claims.appeal_letters import letter_of, typeset
from claims.changes import Change
from claims.models import Appeal, AppealLetter, Claim
from rcm_site.testing.makers import make_claim, make_department, make_patient, make_payer, make_user

pytestmark = pytest.mark.django_db

HOSTILE = [
    '#panic("executed") #read("/etc/passwd") #import "frame.typ": *',
    "$x^2 + $ `code` ```raw``` *bold* _under_ <label> @reference \\ // comment /* open",
    "]]]}})))\"' #] #} $",
    "= Heading\n- list\n+ numbers\n/ term: words\n\n\n\n\n",
    "Œuvre Ünïcödé 漢字 العربية 🏥 \u202e turned \u200b nothing",
    "W" * 6_000,
    "words and more words " * 900,
]


def appealed(reason: str, category: str = "other", **fields: Any) -> Appeal:
    change = Change(make_user("admin"))
    given: dict[str, Any] = {"charge": Decimal(100), "payer": make_payer("Aetna")}
    claim = make_claim(**given | fields)
    changes.change_status(claim=claim, to="denied", change=change, category=category)
    return appeals.file(claim=claim, filing=appeals.Filing("fax", reason), change=change)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_every_category_has_its_letter() -> None:
    person = make_user("biller")
    for category in [each for each in Claim.Category.values if each]:
        pdf = typeset(appealed("Please pay.", category), person)
        assert pdf.startswith(b"%PDF-")
        assert pages(pdf) == 1
    kept = {each.stem for each in appeal_letters.TEMPLATES.glob("*.typ")}
    assert kept == {"frame", *Claim.Category.values} - {""}


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_typed_is_set_as_it_stands(text: str) -> None:
    hostile = make_patient(name=text[:100], patient_id=text[:60])
    appeal = appealed(text, patient=hostile, payer=make_payer(text[:80]), diagnoses=text[:150])
    assert typeset(appeal, make_user("biller")).startswith(b"%PDF-")


def test_a_command_that_breaks_pages_breaks_none() -> None:
    person = make_user("biller")
    assert pages(typeset(appealed("#pagebreak() " * 6), person)) == 1
    assert pages(typeset(appealed("words and more words " * 900), person)) > 3


def test_a_letter_is_kept_encrypted_and_stays_what_it_was_first() -> None:
    appeal, person = appealed("Please pay."), make_user("biller")
    first = letter_of(appeal, person)
    Claim.objects.filter(pk=appeal.claim_id).update(charge=Decimal(999))
    appeal = Appeal.objects.get(pk=appeal.pk)
    assert letter_of(appeal, person) == first
    assert b"%PDF" not in bytes(AppealLetter.objects.get().content)


def test_it_is_handed_out_as_a_file_and_each_time_written_down(client: Any, sign_in: Any) -> None:
    heart = make_department("Heart")
    appeal = appealed("Please pay.", department=heart)
    sign_in("biller", departments=[heart])
    answer = client.get(f"/appeals/{appeal.pk}/letter.pdf")
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    told = AuditEntry.objects.filter(action="appeal.letter_read", subject_id=str(appeal.pk))
    assert told.count() == 1
    sign_in("biller", departments=[make_department("Bones")])
    assert client.get(f"/appeals/{appeal.pk}/letter.pdf").status_code == 404
    sign_in("analyst")
    assert client.get(f"/appeals/{appeal.pk}/letter.pdf").status_code == 403
