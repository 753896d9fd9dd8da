"""What the demo's payers deny by: the probabilities that made it, for judging those who guess them.

The chance that a claim is denied at first is the base of its payer, main procedure and month of the decision,
times the factor of its provider, and more where an authorisation is needed and missing; never over the most.
During the incident it is the incident's own, whoever the provider is. What is filed too late is denied
always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from .care import WARDS, Service
from .days import Days
from .payers import INCIDENT, PAYERS, UNDERPAYMENT, Habit

NO_AUTHORISATION = 5.0
MOST = 0.92
_REBILL = 0.8  # what was corrected is denied somewhat less


def services() -> dict[str, Service]:
    """Each procedure once, whichever department offers it."""
    return {service.procedure: service for ward in WARDS for service in ward.services}


def base(payer: Habit, service: Service, months_back: int) -> float:
    return min(MOST, payer.denies * service.risk * (1 + payer.trend) ** (-months_back / 12))


class Truth:
    """Answers for each decision how likely it is a denial."""

    def __init__(self, days: Days, provider_factors: Mapping[str, float]) -> None:
        self._days = days
        self._factors = provider_factors
        self.incident_from = days.last + 1 - 7 * INCIDENT.weeks_ago
        self.underpaid_from = days.last + 1 - 7 * UNDERPAYMENT.weeks_ago
        self._months_back = [days.months_back(day) for day in range(days.last + 1)]
        furthest = max(self._months_back)
        self._bases = {
            (payer.name, service.procedure): [base(payer, service, back) for back in range(furthest + 1)]
            for payer in PAYERS
            for service in services().values()
        }

    def is_incident(self, payer: Habit, procedure: str, day: int) -> bool:
        is_its_kind = payer.name == INCIDENT.payer and procedure == INCIDENT.procedure
        return is_its_kind and day >= self.incident_from

    def falls_short(self, payer: Habit, procedure: str, day: int) -> float:
        """By which share of what was agreed the payer pays less for a procedure, always."""
        is_its_kind = payer.name == UNDERPAYMENT.payer and procedure == UNDERPAYMENT.procedure
        return UNDERPAYMENT.falls_short if is_its_kind and day >= self.underpaid_from else 0.0

    def probability(
        self, payer: Habit, service: Service, npi: str, day: int, *, is_authorised: bool, is_rebill: bool
    ) -> float:
        if self.is_incident(payer, service.procedure, day):
            return INCIDENT.probability
        chance = self._bases[payer.name, service.procedure][self._months_back[day]] * self._factors[npi]
        if service.needs_authorisation and not is_authorised:
            chance *= NO_AUTHORISATION
        return min(MOST, chance * _REBILL if is_rebill else chance)

    def as_json(self, seed: int, today: date) -> dict[str, Any]:
        return {
            "seed": seed,
            "today": today.isoformat(),
            "formula": __doc__,
            "most": MOST,
            "factor_without_authorisation": NO_AUTHORISATION,
            "factor_of_rebills": _REBILL,
            "factors_of_providers": dict(self._factors),
            "procedures_needing_authorisation": sorted(
                each.procedure for each in services().values() if each.needs_authorisation
            ),
            "incident": {
                "payer": INCIDENT.payer,
                "procedure": INCIDENT.procedure,
                "decided_from": self._days.dates[self.incident_from].isoformat(),
                "probability": INCIDENT.probability,
            },
            "underpayment": {
                "payer": UNDERPAYMENT.payer,
                "procedure": UNDERPAYMENT.procedure,
                "paid_from": self._days.dates[max(self.underpaid_from, 0)].isoformat(),
                "falls_short": UNDERPAYMENT.falls_short,
            },
            "base": list(self._rows()),
        }

    def _rows(self) -> Sequence[dict[str, Any]]:
        months: dict[int, str] = {}
        for day in range(self._days.first, self._days.last + 1):
            months[self._months_back[day]] = self._days.month(day)
        return [
            {"payer": payer, "procedure": procedure, "month": month, "probability": round(bases[back], 6)}
            for (payer, procedure), bases in self._bases.items()
            for back, month in months.items()
        ]
