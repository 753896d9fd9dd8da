"""What changed most among denials: which payer denies what for more dollars, or for fewer, than before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from claims.answers import denials

from .codes import code_totals
from .denials import Counted
from .names import LABELS
from .periods import Period
from .scopes import NONE, Scope

NOTHING = Counted(0, Decimal(0))
FEW = 5  # denied claims: one expensive claim is no change in what a payer does
Key = tuple[str, int | None]  # a procedure or a reason, and the payer who denied it


@dataclass(frozen=True)
class Denied:
    """Of the claims decided, those denied; how many were decided is told of procedures alone."""

    counted: Counted = NOTHING
    decided: int | None = None

    @property
    def rate(self) -> Decimal | None:
        return Decimal(self.counted.claims) / self.decided if self.decided else None


@dataclass(frozen=True)
class Change:
    payer: int | None
    payer_name: str
    subject: str  # "procedure" or "reason"
    code: str  # empty where lines had no procedure, or payers gave no reason
    now: Denied
    before: Denied

    @property
    def more(self) -> Decimal:
        """Dollars denied beyond those before."""
        return self.now.counted.dollars - self.before.counted.dollars

    @property
    def claims(self) -> int:
        """Denied in the period that has more of them."""
        return max(self.now.counted.claims, self.before.counted.claims)

    @property
    def name(self) -> str:
        return f"{self.payer_name} × {self.code or f'no {self.subject}'}"

    @property
    def words(self) -> str:
        """What a reason means; procedures have no words of ours."""
        if self.subject != "reason" or not self.code:
            return ""
        group, _, carc = self.code.partition("-")
        return denials.words(group, carc)

    @property
    def asks(self) -> dict[str, Any]:
        """What an address says to ask for its claims alone."""
        return {"payer": self.payer or NONE, self.subject: self.code or NONE}


def changes(scope: Scope, now: Period, before: Period, subject: str) -> list[Change]:
    """Each payer and procedure (or reason) with enough denials in either period, the largest changes first.

    Where none has enough, all are told. A claim of several procedures counts under each, so changes may add
    up to more than the whole.
    """
    later, earlier = _denied(scope, now, subject), _denied(scope, before, subject)
    keys = {*later, *earlier}
    names = LABELS["payer"]({payer for _, payer in keys})
    found = [
        Change(key[1], names[key[1]], subject, key[0], later.get(key, Denied()), earlier.get(key, Denied()))
        for key in keys
    ]
    denied = [each for each in found if each.claims]
    enough = [each for each in denied if each.claims >= FEW]
    return sorted(enough or denied, key=lambda each: (-abs(each.more), each.name))


def _denied(scope: Scope, period: Period, subject: str) -> dict[Key, Denied]:
    found: dict[Key, Denied] = {}
    for row in code_totals(scope, period, subject, by=("payer",)):
        code, payer = row.key
        counted = Counted(int(row.sums["denied"]), Decimal(row.sums["denied_charges"]))
        decided = int(row.sums["decided"]) if "decided" in row.sums else None
        found[code, payer] = Denied(counted, decided)
    return found


def largest_rise(found: Iterable[Change]) -> Change | None:
    """The change that added most dollars."""
    rises = [each for each in found if each.more > 0]
    return max(rises, key=lambda each: each.more) if rises else None
