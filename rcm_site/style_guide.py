"""The design system on one page: every component with sample content, for whoever builds the next page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from django import forms
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import allow
from analytics.cards import Card, Change

from .charts.samples import sample_charts
from .tables import Cell, Heading, Row, SizeLink
from .tabs import Tab
from .templatetags.ui import BADGES, money, money_brief, number, percent

# Every colour of tokens.css, in the groups in which people look for one.
COLOURS = {
    "Surfaces": ["page", "surface", "sunken", "hover", "raised"],
    "Lines": ["line", "line-strong", "field-line"],
    "Text": ["text", "text-soft", "text-faint"],
    "Accent": ["accent", "accent-strong", "accent-surface", "on-accent"],
    "Meanings": [
        *("good", "good-surface", "bad", "bad-surface", "on-bad"),
        *("warning", "warning-surface", "info", "info-surface", "quiet-surface"),
    ],
    "Top bar": ["bar", "bar-hover", "on-bar", "bar-soft"],
    "Categories of a chart": [*(f"series-{place}" for place in range(1, 9)), "context"],
    "From little to much": [
        *(f"scale-{place}" for place in range(1, 8)),
        *("on-scale-low", "on-scale-middle", "on-scale-high"),
    ],
}


class SampleFilters(forms.Form):
    period = forms.ChoiceField(choices=[("90", "1 Sep – 30 Nov 2026"), ("30", "Last 30 days")])
    compare = forms.ChoiceField(choices=[("before", "Period before"), ("year", "A year before")])
    payer = forms.ChoiceField(
        required=False, choices=[("", "All payers"), ("aetna", "Aetna"), ("cigna", "Cigna")]
    )
    department = forms.ChoiceField(required=False, choices=[("", "All departments"), ("imaging", "Imaging")])


class SampleForm(forms.Form):
    payer = forms.CharField(max_length=80)
    limit = forms.IntegerField(
        label="Appeal limit",
        min_value=1,
        help_text="Days after the denial in which the payer takes an appeal.",
    )
    kind = forms.ChoiceField(choices=[("commercial", "Commercial"), ("medicare", "Medicare")])
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    portal = forms.ChoiceField(
        label="How they take appeals",
        choices=[("portal", "Portal"), ("fax", "Fax")],
        widget=forms.RadioSelect,
    )
    is_active = forms.BooleanField(label="Claims may be sent to this payer", required=False)


@dataclass(frozen=True)
class SampleTable:
    """What `_table.html` needs, without a database behind it."""

    columns: list[Heading] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    totals: list[Cell] | None = None
    caption: str = ""
    empty_title: str = ""
    empty_text: str = ""
    empty_url: str = ""
    empty_action: str = ""
    previous_url: str | None = None
    next_url: str | None = "?page=2#table"
    range_text: str = "1–5 of more"
    size_links: list[SizeLink] = field(
        default_factory=lambda: [
            SizeLink(str(size), f"?size={size}#table", size == 25) for size in (25, 50, 100)
        ]
    )


@allow("accounts.view_style_guide")
@require_safe
def style_guide(request: HttpRequest) -> HttpResponse:
    now = {"now": timezone.now()}
    if request.headers.get("HX-Request"):
        return render(request, "_style_guide_clock.html", now)
    return render(request, "style_guide.html", now | samples() | {"icons": icon_names()})


def icon_names() -> list[str]:
    sprite = ElementTree.parse(Path(str(finders.find("img/icons.svg"))))  # noqa: S314 - a file of our own
    return sorted(symbol.attrib["id"] for symbol in sprite.getroot())


def sample_cards() -> list[Card]:
    before = "on the 90 days before"
    return [
        Card(
            "Denial rate (of decided)",
            percent(Decimal("0.112")),
            url="#cards",
            definition="Claims denied as a share of the claims that payers decided.",
            change=Change(f"3.3 points up {before}", "up", "bad"),
            benchmark="Typical target 5%",
            n="4,812 decided",
            trend=[79, 81, 80, 84, 92, 97, 104, 112],
        ),
        Card(
            "Gross days in A/R",
            "38.4",
            url="#cards",
            definition="What payers owe us, in days of average charges over the period.",
            change=Change(f"2.1 days down {before}", "down", "good"),
            benchmark="Common ceiling 40",
            n=f"{money(Decimal('4120388.10'))} open",
            trend=[42, 41, 43, 41, 40, 40, 39, 38],
        ),
        Card(
            "Claims submitted",
            number(61_204),
            url="#cards",
            change=Change("as many as in the 90 days before", "flat", "neutral"),
            n="in 90 days",
            trend=[60, 62, 59, 61, 60, 62, 61, 61],
        ),
        Card(
            "Appeal overturn rate",
            percent(None),
            benchmark="About 54% with commercial payers",
            n="No appeal decided yet",
        ),
    ]


def sample_table() -> SampleTable:
    payers = [
        ("Aetna", 1_204, "0.182", "218440.75", "denied"),
        ("Cigna", 988, "0.121", "96310.00", "appealed"),
        ("Medicare", 1_611, "0.064", "58002.40", "pending"),
        ("United", 702, "0.052", "21880.10", "paid"),
        ("Self-pay", 307, "0.010", "912.50", "void"),
    ]
    return SampleTable(
        caption="Denials by payer, 1 Sep – 30 Nov 2026",
        columns=[
            Heading("Payer", "payer", False, "?sort=payer#table", ""),
            Heading("Decided", "decided", True, "?sort=decided#table", ""),
            Heading("Denial rate", "rate", True, "?sort=rate#table", "desc"),
            Heading("Charges denied", "denied", True, "?sort=denied#table", ""),
            Heading("Latest claim", "latest", False, None, ""),
        ],
        rows=[
            Row(
                [
                    Cell(payer),
                    Cell(number(decided), numeric=True),
                    Cell(percent(Decimal(rate)), numeric=True, share=Decimal(rate) / Decimal("0.182")),
                    Cell(money_brief(Decimal(denied)), title=money(Decimal(denied)), numeric=True),
                    Cell(BADGES[latest].label, badge=latest),
                ],
                "#table",
            )
            for payer, decided, rate, denied, latest in payers
        ],
        totals=[
            Cell("All payers"),
            Cell(number(4_812), numeric=True),
            Cell(percent(Decimal("0.112")), numeric=True),
            Cell(money_brief(Decimal("395545.75")), title=money(Decimal("395545.75")), numeric=True),
            Cell(""),
        ],
    )


def samples() -> dict[str, Any]:
    return {
        "title": "What is this site made of?",
        "lead": "Every component, to copy from. Colours and sizes are in tokens.css, the rest in site.css.",
        "colours": COLOURS,
        "amounts": {
            "whole": Decimal(1234567),
            "exact": Decimal("1234.5"),
            "small": Decimal("912.5"),
            "owed": Decimal("-12.3"),
            "share": Decimal("0.1119"),
            "day": date(2026, 11, 12),
            "moment": datetime(2026, 11, 12, 19, 5, tzinfo=UTC),
            "nothing": None,
        },
        "filters": SampleFilters({"period": "90", "compare": "before", "payer": "aetna", "department": ""}),
        "words": "1 Sep – 30 Nov 2026, Aetna, all departments, against the period before",
        "cards": sample_cards(),
        "table": sample_table(),
        "charts": sample_charts(),
        "empty_table": SampleTable(
            empty_title="No claims yet",
            empty_text="Import a file, and this table fills as its lines are read.",
            empty_url="#empty",
            empty_action="Import a file",
        ),
        "badges": list(BADGES),
        "form": SampleForm({"payer": "Aetna", "limit": "0", "kind": "commercial", "portal": "fax"}),
        "tabs": [
            Tab("Open", "#tabs", True, "128"),
            Tab("Appealed", "#tabs", count="14"),
            Tab("Closed", "#tabs"),
        ],
        "sample_messages": [
            Message(messages.SUCCESS, "312 claims are imported."),
            Message(messages.INFO, "These numbers are catching up: 2 of 90 days are still being counted."),
            Message(messages.WARNING, "14 lines were left out. See why before you send the file again."),
            Message(messages.ERROR, "The file is not a remittance: its first segment is not ISA, GS or ST."),
        ],
    }
