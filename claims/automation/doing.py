"""What a rule does about one claim, on behalf of whoever made it and by the same ways as people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from rcm_site.templatetags.ui import day, money

from .. import changes, tagging, todo, write_offs
from ..business_days import plus_business_days
from ..changes import Change, ClaimError
from ..models import Claim, OpenWork, Task, WriteOff
from ..pages.filters import NOBODY
from ..worklists import pending, sharing
from .deeds import WORDS
from .matching import Ready


@dataclass(frozen=True)
class Acting:
    """A rule, the claim that it is about, and when."""

    ready: Ready
    claim: Claim
    now: datetime

    @property
    def change(self) -> Change:
        return Change(self.ready.rule.made_by, rule=self.ready.rule)

    def asked(self, name: str) -> str:
        return str(self.ready.deeds.cleaned_data[name])

    def number(self, name: str) -> int:
        return int(self.ready.deeds.cleaned_data[name])

    def person(self, name: str) -> User:
        return User.objects.get(pk=self.asked(name))


def do(acting: Acting) -> list[str]:
    """Do all that the rule says, in the caller's transaction; what was done, in words without a patient."""
    asked = acting.ready.deeds.cleaned_data
    return [DEEDS[name](acting) for name in WORDS if asked[name]]


def _tag(acting: Acting) -> str:
    tag = tagging.tag_named(acting.asked("tag"))
    if not tagging.put_on(acting.claim, tag, actor=acting.change.actor):
        return f"had the tag “{tag}” already"
    changes.note(acting.claim, f"tagged “{tag}”", acting.change)
    return f"tagged “{tag}”"


def _assign(acting: Acting) -> str:
    worklist = acting.ready.deeds.lists.get(acting.asked("assign"))
    to = sharing.one_for(worklist, acting.claim) if worklist else acting.person("assign")
    if to is None:
        raise ClaimError(f"None of the people of “{worklist}” sees the claim.")
    moved = changes.reassign(claims=[acting.claim], assignee=to, change=acting.change)
    return f"given to {to.name}" if moved else f"was {to.name}’s already"


def _escalate(acting: Acting) -> str:
    to = acting.person("escalate")
    pending.escalate(claim=acting.claim, to=to, change=acting.change)
    return f"escalated to {to.name}"


def _pend(acting: Acting) -> str:
    why = acting.asked("pend_why") or OpenWork.Why.OTHER
    today = timezone.localdate(acting.now)
    until = pending.pend(
        claim=acting.claim, days=acting.number("pend_days"), why=why, change=acting.change, today=today
    )
    return f"put aside until {day(until)}"


def _plan(acting: Acting) -> str:
    kind = Task.Kind(acting.asked("task"))
    if Task.objects.open().filter(claim=acting.claim, kind=kind).exists():
        return f"“{kind.label}” was planned already"
    due = plus_business_days(timezone.localdate(acting.now), acting.number("task_days"))
    todo.add_task(todo.Plan(kind, due, _owner(acting)), claim=acting.claim, actor=acting.change.actor)
    changes.note(acting.claim, f"planned “{kind.label}” until {day(due)}", acting.change)
    return f"planned “{kind.label}” until {day(due)}"


def _owner(acting: Acting) -> User | None:
    """Whoever works the claim by now, unless the rule names somebody."""
    asked = acting.asked("task_owner")
    if asked == NOBODY:
        return None
    if asked:
        return acting.person("task_owner")
    return Claim.objects.select_related("assignee").get(pk=acting.claim.pk).assignee


def _write_off(acting: Acting) -> str:
    asked = write_offs.ask(claim=acting.claim, reason=acting.asked("write_off"), change=acting.change)
    is_done = asked.state == WriteOff.State.DONE
    return f"{money(asked.amount)} written off" if is_done else f"asked to write {money(asked.amount)} off"


def _tell(acting: Acting) -> str:
    """The mail itself goes out with others of the rule (`telling`)."""
    return f"told {len(acting.ready.deeds.cleaned_data['tell'])} by e-mail"


DEEDS: dict[str, Callable[[Acting], str]] = {
    "tag": _tag,
    "assign": _assign,
    "escalate": _escalate,
    "pend_days": _pend,
    "task": _plan,
    "write_off": _write_off,
    "tell": _tell,
}
