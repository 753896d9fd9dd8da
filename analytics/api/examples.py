"""What answers look like, for the API's description of itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiExample

from ..facts.reading import Amount
from ..kpis import KPIS
from .figures import definition, figure

MONTH = {"start": "2026-11-01", "end": "2026-11-30", "days": 30}
BEFORE = {"start": "2026-10-02", "end": "2026-10-31", "days": 30}
TIMESTAMP = "2026-11-30T21:03:11Z"
NOT_COMPARED = {"previous": None, "year": None}
FRAME: dict[str, Any] = {"timestamp": TIMESTAMP, "period": MONTH, "filters": {"department": "Dental"}}


def example(name: str, **value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=FRAME | value, response_only=True)


def made(key: str, **sums: Amount | str) -> dict[str, Any]:
    """As the KPI would be for such sums."""
    kpi = KPIS[key]
    return figure(kpi, kpi.figure({name: Decimal(value) for name, value in sums.items()}, 30))


def alone(key: str, **sums: Amount | str) -> dict[str, Any]:
    """A KPI beside nothing, and not split."""
    nothing = {"compared": NOT_COMPARED, "groups": None}
    return {"label": KPIS[key].label, "unit": str(KPIS[key].unit), **made(key, **sums), **nothing}


def denial_rate() -> dict[str, Any]:
    before = made("denial_rate", denied=68, decided=640) | {"period": BEFORE, "change": "1.3105"}
    by_payer = {"key": "3", "label": "Northern Dental", "period": None}
    return (
        definition(KPIS["denial_rate"])
        | alone("denial_rate", denied=74, decided=620)
        | {
            "compared": {"previous": before, "year": None},
            "groups": [by_payer | made("denial_rate", denied=40, decided=210)],
        }
    )
