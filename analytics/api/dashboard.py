"""How we stand, in one answer: every KPI of the catalogue."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from ..kpis import KPIS
from . import parameters
from .examples import alone, example
from .figures import KpisShown, Number, answer_kpis
from .parameters import API, GROUPS, QUESTION

# The four that are asked for most, by the names that other systems know them by.
SHORT = {
    "total_charges": "gross_charges",
    "collection_rate": "net_collection_rate",
    "denial_rate": "denial_rate",
    "ar_days": "gross_days_in_ar",
}


class DashboardShown(KpisShown):
    total_charges = Number(help_text="Gross charges, in dollars.")
    collection_rate = Number(allow_null=True, help_text="Net collection rate, in per cent.")
    denial_rate = Number(allow_null=True, help_text="Of the claims decided, in per cent.")
    ar_days = Number(allow_null=True, help_text="Gross days in A/R.")


class DashboardKpis(APIView):
    access = API

    @extend_schema(
        operation_id="read_dashboard",
        summary="How we stand: all KPIs of a period at once",
        parameters=[*QUESTION, parameters.compare("nothing"), parameters.group_by(*GROUPS)],
        responses=DashboardShown,
        examples=[
            example(
                "A month",
                total_charges="184210.00",
                collection_rate="95.2104",
                denial_rate="11.9355",
                ar_days="38.2143",
                kpis={"denial_rate": alone("denial_rate", denied=74, decided=620)},
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        def tell(kpis: dict[str, Any]) -> dict[str, Any]:
            return {name: kpis[key]["value"] for name, key in SHORT.items()} | {"kpis": kpis}

        return answer_kpis(request, KPIS.values(), tell)
