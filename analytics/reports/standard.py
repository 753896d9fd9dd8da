"""Standard reports: what the site's own pages answer, as questions that anybody may have sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from accounts.models import User

from ..facts.measures import BUCKETS
from ..overview import whole_weeks
from .asking import read
from .parts import Part

MONTH = "last_30_days"  # unless said


@dataclass(frozen=True)
class StandardPart:
    heading: str
    sheet: str
    definition: Mapping[str, Any]
    is_course: bool = False  # over the last whole weeks, whatever the report's days are


@dataclass(frozen=True)
class StandardReport:
    title: str
    parts: tuple[StandardPart, ...] = field(default_factory=tuple)


AGES = [f"ar_{bucket}" for bucket in BUCKETS]
COMPARED = {"compare": "previous"}

STANDARD: dict[str, StandardReport] = {
    "dashboard": StandardReport(
        "How do we stand?",
        (
            StandardPart(
                "The numbers",
                "Numbers",
                {
                    "kpis": [
                        *("cash_collected", "net_collection_rate", "denial_rate", "first_pass_resolution"),
                        *("open_ar", "gross_days_in_ar", "aged_ar_over_90", "average_days_to_pay"),
                    ],
                    **COMPARED,
                },
            ),
            StandardPart(
                "Charges and payments by week",
                "Weeks",
                {"kpis": ["gross_charges", "cash_collected"], "group_by": ["week"], "chart": "line"},
                is_course=True,
            ),
            StandardPart(
                "By payer",
                "Payers",
                {
                    "kpis": ["denial_rate", "cash_collected", "open_ar"],
                    "group_by": ["payer"],
                    "chart": "bar",
                    **COMPARED,
                },
            ),
        ),
    ),
    "denials": StandardReport(
        "Who denies us, and why?",
        (
            StandardPart(
                "The numbers",
                "Numbers",
                {
                    "kpis": [
                        *("denial_rate", "initial_denial_rate", "denied_charges", "denied_dollars_rate"),
                        *("denial_write_off_rate", "appeal_overturn_rate", "days_denial_to_appeal"),
                    ],
                    **COMPARED,
                },
            ),
            StandardPart(
                "Denial rate by week",
                "Weeks",
                {"kpis": ["denial_rate"], "group_by": ["week"], "chart": "line"},
                is_course=True,
            ),
            StandardPart(
                "By payer",
                "Payers",
                {
                    "kpis": ["denial_rate", "denied_charges"],
                    "measures": ["denied"],
                    "group_by": ["payer"],
                    "chart": "bar",
                    **COMPARED,
                },
            ),
            StandardPart(
                "By what they are worked by",
                "Denied for",
                {"kpis": ["denied_charges"], "measures": ["denied"], "group_by": ["category"], **COMPARED},
            ),
            StandardPart(
                "By the payers' reasons",
                "Reasons",
                {"kpis": ["denied_charges"], "measures": ["denied"], "group_by": ["reason"], **COMPARED},
            ),
        ),
    ),
    "receivables": StandardReport(
        "Who owes us, and since when?",
        (
            StandardPart(
                "The numbers",
                "Numbers",
                {
                    "kpis": [
                        *("open_ar", "gross_days_in_ar", "net_days_in_ar", "aged_ar_over_90"),
                        *("credit_balances", "average_days_to_pay"),
                    ],
                    **COMPARED,
                },
            ),
            StandardPart(
                "Open A/R by week",
                "Weeks",
                {"kpis": ["open_ar", "aged_ar_over_90"], "group_by": ["week"], "chart": "line"},
                is_course=True,
            ),
            StandardPart(
                "By payer and age",
                "Payers",
                {"kpis": ["open_ar", *AGES, "aged_ar_over_90"], "group_by": ["payer"]},
            ),
            StandardPart(
                "By department and age",
                "Departments",
                {"kpis": ["open_ar", *AGES, "aged_ar_over_90"], "group_by": ["department"]},
            ),
        ),
    ),
    "payers": StandardReport(
        "How does each payer pay?",
        (
            StandardPart(
                "What they decide",
                "Decisions",
                {
                    "kpis": ["denial_rate", "first_pass_resolution", "appeal_overturn_rate"],
                    "group_by": ["payer"],
                    "chart": "bar",
                    **COMPARED,
                },
            ),
            StandardPart(
                "What they pay, and when",
                "Payments",
                {
                    "kpis": ["cash_collected", "average_days_to_pay", "underpaid_amount"],
                    "group_by": ["payer"],
                    "chart": "bar",
                    **COMPARED,
                },
            ),
            StandardPart(
                "What they owe",
                "Owed",
                {"kpis": ["open_ar", "gross_days_in_ar", "aged_ar_over_90"], "group_by": ["payer"]},
            ),
        ),
    ),
}


def parts_of(name: str, user: User, today: date, days: Mapping[str, str]) -> list[Part]:
    """The questions of a standard report, over these days or else the last thirty; courses over weeks."""
    asked = days or {"period": MONTH}
    weeks = whole_weeks(today)
    course = {"start": str(weeks.start), "end": str(weeks.end)}
    return [
        Part(
            each.heading,
            read({**each.definition, **(course if each.is_course else asked)}, user, today),
            each.sheet,
        )
        for each in STANDARD[name].parts
    ]
