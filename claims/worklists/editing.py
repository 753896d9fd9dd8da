"""What people change of a worklist: its rule is kept in the words in which they asked."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest

from accounts import audit
from accounts.models import User

from ..models import Worklist
from ..pages.filters import ClaimFilter

# Of the filters of claims those that make a rule: not one claim's number, nor days that pass.
WORDS = (
    *("status", "money", "payer", "assignee", "kind", "category", "reason", "intake"),
    *("due", "age", "serviced", "waiting", "decided", "balance_from", "balance_to", "tag"),
)
KEPT = ("name", "position", "is_active", "hand_out", "department", "roles", "filters")


def words_of(asked: Mapping[str, object]) -> dict[str, str]:
    """Those of a rule that say anything."""
    return {name: word for name in WORDS if (word := str(asked.get(name) or ""))}


@transaction.atomic
def save(*, form: ModelForm, rule: ClaimFilter, actor: User, request: HttpRequest) -> Worklist:
    """Keep a list as its forms say, which are both right, and write down what changed."""
    before = Worklist.objects.filter(pk=form.instance.pk).first()
    worklist = form.save(commit=False)
    worklist.filters = words_of(rule.data)
    worklist.save()
    form.save_m2m()
    new = {name: getattr(worklist, name) for name in KEPT}
    changed = audit.changes(before, new) if before else audit.changes(Worklist(), new)
    people = list(worklist.people.order_by("pk").values_list("pk", flat=True))
    action = "worklist.changed" if before else "worklist.added"
    audit.record(actor, action, worklist, request=request, changed=changed, people=people)
    return worklist
