"""One chart of each kind, with sample content, for the style guide and for who builds the next page."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from .bars import Bar, bar_chart, fold
from .chart import About, Benchmark, Chart, Series, Size
from .heat import HeatCell, heat_map
from .histogram import Bin, Mark, histogram
from .lines import line_chart
from .pareto import pareto
from .stacks import Part, Stack, stacked_bars, stacked_columns
from .time_axis import Step
from .units import COUNT, DAYS, DOLLARS, PERCENT

WEEKS = [date(2026, 6, 1) + timedelta(weeks=place) for place in range(26)]
PAYERS = [
    "Aetna",
    "Cigna",
    "Medicare",
    "UnitedHealthcare",
    "Humana",
    "Blue Cross Blue Shield of Northern New England",
    "Medicaid",
    "Kaiser Permanente",
]
REASONS = ["Authorisation", "Coding", "Eligibility", "Documentation", "Timely filing", "Duplicate", "Other"]
AGES = ["0–30 days", "31–60", "61–90", "91–120", "Over 120"]


def sample_charts() -> list[Chart]:
    return [
        denial_rates(),
        days_to_pay(),
        denied_charges(),
        open_balances(),
        balances_over_time(),
        causes(),
        denials_by_reason(),
        days_until_paid(),
        line_chart(
            About(
                "appeals",
                "Appeals overturned",
                size=Size.HALF,
                level=3,
                empty_title="No appeal decided yet",
                empty_text="The first decision shows here on the day it comes.",
            ),
            PERCENT,
            WEEKS,
            [Series("Overturned", [None] * 26)],
        ),
    ]


def denial_rates() -> Chart:
    aetna = [
        79,
        81,
        78,
        80,
        84,
        82,
        79,
        83,
        81,
        80,
        82,
        78,
        81,
        84,
        80,
        82,
        79,
        83,
        81,
        88,
        97,
        112,
        131,
        149,
        168,
        182,
    ]
    cigna = [
        121,
        118,
        116,
        119,
        122,
        117,
        115,
        118,
        121,
        120,
        117,
        116,
        114,
        119,
        121,
        118,
        117,
        115,
        119,
        116,
        118,
        121,
        117,
        116,
        118,
        119,
    ]
    medicare = [
        64,
        61,
        63,
        66,
        62,
        60,
        61,
        64,
        None,
        None,
        62,
        61,
        60,
        63,
        64,
        62,
        61,
        60,
        62,
        63,
        61,
        62,
        64,
        63,
        61,
        62,
    ]
    united = [
        52,
        54,
        51,
        50,
        53,
        52,
        55,
        51,
        50,
        52,
        53,
        51,
        54,
        52,
        50,
        51,
        53,
        52,
        50,
        51,
        54,
        53,
        51,
        52,
        50,
        52,
    ]
    shares = [
        [value and Decimal(value) / 1000 for value in each] for each in (aetna, cigna, medicare, united)
    ]
    return line_chart(
        About(
            "denial-rate",
            "Denial rate by payer",
            "Aetna's denials rose from 8.1% to 18.2% in seven weeks; the others stayed where they were.",
            axis="% of decided claims",
            level=3,
            export_url="?chart=denial-rate",
        ),
        PERCENT,
        WEEKS,
        [
            Series(name, values, is_focus=name == "Aetna")
            for name, values in zip(["Aetna", "Cigna", "Medicare", "UnitedHealthcare"], shares, strict=True)
        ],
        step=Step.WEEK,
        benchmark=Benchmark(Decimal("0.05"), "Typical target"),
    )


def days_to_pay() -> Chart:
    months = [date(2025 + (11 + place) // 12, (11 + place) % 12 + 1, 1) for place in range(12)]
    values = {
        "Commercial": "38.4 38.1 39 38.8 37.9 37.2 36.8 36.9 36.1 35.8 35.2 34.9",
        "Medicare": "29.5 29.3 29.4 29.6 29.1 29.2 29 28.8 28.9 29.1 28.7 28.6",
        "Medicaid": "44.1 43.5 43.9 44.6 45.2 45.8 45.1 44.7 44.9 45.4 45.9 46.3",
    }
    return line_chart(
        About(
            "days-to-pay",
            "Average days to pay",
            "Commercial payers pay 3.5 days sooner than a year ago, Medicaid 2.2 days later.",
            axis="Days from submission to payment",
            size=Size.HALF,
            level=3,
        ),
        DAYS,
        months,
        [Series(name, [Decimal(value) for value in row.split()]) for name, row in values.items()],
        step=Step.MONTH,
        benchmark=Benchmark(Decimal(40), "Common ceiling"),
    )


def denied_charges() -> Chart:
    amounts = ["218440.75", "96310", "58002.40", "21880.10", "14310.22", "11290", "912.50", "-4210.10"]
    bars = [
        Bar(
            name,
            Decimal(amount),
            note=f"{place * 7 + 12} of {place * 30 + 400} claims",
            url="#charts",
            is_focus=not place,
        )
        for place, (name, amount) in enumerate(zip(PAYERS, amounts, strict=True))
    ]
    return bar_chart(
        About(
            "denied-charges",
            "Charges denied by payer",
            "Aetna alone denied $218,441, more than all the others together.",
            axis="$ denied less reversals",
            rows="Payer",
            size=Size.HALF,
            level=3,
        ),
        DOLLARS,
        bars,
    )


def open_balances() -> Chart:
    rows = [
        ("Cardiology", "412300 188400 90300 41200 66100"),
        ("Imaging", "388100 201100 120400 88300 140900"),
        ("Orthopaedic surgery and rehabilitation", "290400 120200 61100 30900 22000"),
        ("Oncology", "210900 98400 52200 21000 18900"),
        ("Emergency", "160300 91200 70800 44100 61300"),
        ("Dental", "48200 21900 9800 3100 -2400"),
    ]
    return stacked_bars(
        About(
            "open-balances",
            "What is open, by age",
            "Imaging has 15.0% of its balance older than 120 days, twice the share of the others.",
            axis="$ open",
            rows="Department",
            size=Size.HALF,
            level=3,
        ),
        DOLLARS,
        [Part(age) for age in AGES],
        [Stack(name, [Decimal(value) for value in values.split()], url="#charts") for name, values in rows],
        are_steps=True,
    )


def balances_over_time() -> Chart:
    rows = [
        [
            Decimal(value)
            for value in (
                410_000 + 3_000 * place,
                190_000 + 900 * place,
                90_000,
                44_000 + 800 * place,
                60_000 + 4_000 * place,
            )
        ]
        for place in range(26)
    ]
    return stacked_columns(
        About(
            "balances-by-week",
            "What is open, by age and week",
            "What is older than 120 days grew from $60,000 to $160,000.",
            axis="$ open",
            size=Size.HALF,
            level=3,
        ),
        DOLLARS,
        [Part(age, is_focus=age == "Over 120") for age in AGES],
        list(zip(WEEKS, rows, strict=True)),
    )


def causes() -> Chart:
    counts = [412, 288, 190, 121, 84, 51, 33, 21, 14, 9, 4, 3]
    names = [
        "CO-197 No authorisation",
        "CO-16 Lacks information (N382)",
        "CO-97 Bundled with another service",
        "PR-27 Cover had ended",
        "CO-29 Filed too late",
        "CO-50 Not deemed necessary",
        "CO-18 Exact duplicate",
        "CO-22 Another payer comes first",
        "CO-11 Diagnosis and procedure differ",
        "CO-4 Modifier missing",
        "CO-109 Not ours",
        "CO-252 Attachment asked for",
    ]
    bars = [Bar(name, count, url="#charts") for name, count in zip(names, counts, strict=True)]
    return pareto(
        About(
            "causes",
            "Why claims are denied",
            "Four reasons out of twelve make up 82.2% of the denials.",
            axis="Denials",
            rows="Reason",
            level=3,
        ),
        COUNT,
        fold(bars, 10),
    )


def denials_by_reason() -> Chart:
    cells = [
        [
            HeatCell(
                None
                if (row, column) == (4, 5)
                else Decimal((row * 7 + column * 13) % 19 + (60 if (row, column) == (0, 0) else 0)) / 200,
                note=f"{(row + 1) * (column + 2)} of {(row + 2) * 90} claims",
                url="#charts" if (row, column) != (4, 5) else "",
            )
            for column in range(len(REASONS))
        ]
        for row in range(len(PAYERS))
    ]
    return heat_map(
        About(
            "reasons",
            "Who denies what",
            "Aetna denies 30.0% for want of an authorisation; nobody else comes near.",
            axis="% of decided claims",
            rows="Payer",
            level=3,
        ),
        PERCENT,
        PAYERS,
        REASONS,
        cells,
    )


def days_until_paid() -> Chart:
    counts = [12, 88, 340, 610, 702, 540, 310, 180, 96, 61, 44, 30]
    bins = [Bin(Decimal(place * 7), Decimal(place * 7 + 7), count) for place, count in enumerate(counts)]
    return histogram(
        About(
            "days-until-paid",
            "How long payers take",
            "Half of the claims are paid within 31 days, but one in ten takes longer than 58.",
            axis="Days from submission to payment",
            rows="Days",
            size=Size.HALF,
            level=3,
        ),
        DAYS,
        [*bins, Bin(Decimal(84), None, 71)],
        [Mark("Half within", Decimal(31)), Mark("Nine tenths within", Decimal(58))],
        counted="Claims paid",
    )
