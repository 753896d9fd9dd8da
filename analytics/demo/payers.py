"""The demo's payers: how fast, how much and how strictly each of them pays."""

from __future__ import annotations

from dataclasses import dataclass

from claims.models import Claim

Category = Claim.Category

_USUAL: dict[str, int] = {
    Category.ELIGIBILITY: 22,
    Category.AUTHORISATION: 15,
    Category.CODING: 19,
    Category.DOCUMENTATION: 17,
    Category.DUPLICATE: 8,
    Category.MEDICAL_NECESSITY: 9,
    Category.COORDINATION: 7,
    Category.OTHER: 3,
}


@dataclass(frozen=True)
class Habit:
    """What a payer does. Rates are shares of one; days count from submission."""

    name: str
    number: str
    share: int  # of the patients
    days: int
    denies: float
    trend: float  # by how much its denials grow in a year
    allows: float  # of a charge
    weekdays: tuple[int, ...]  # on which it pays, Monday is 0
    slows: int = 0  # days that it came to need more, over the last five months
    filing_days: int = 180
    appeal_days: int = 180
    overturns: float = 0.5
    underpays: float = 0.01
    leaning: tuple[tuple[str, int], ...] = ()  # the denials that it prefers
    is_dental: bool = False
    from_age: int = 0
    asks_patients: bool = True  # leaves them a deductible, coinsurance or copay
    keeps_back: float = 0.0  # of each payment, by law (sequestration)

    @property
    def mix(self) -> dict[str, int]:
        return {**_USUAL, **dict(self.leaning)}


PAYERS = (
    Habit(
        *("Federal Senior Care", "DM101", 19, 15, 0.055, 0.02, 0.41, (0, 1, 2, 3, 4)),
        filing_days=365,
        appeal_days=120,
        leaning=((Category.MEDICAL_NECESSITY, 30), (Category.AUTHORISATION, 3)),
        from_age=65,
        keeps_back=0.02,
    ),
    Habit(
        *("State Assistance Plan", "DM102", 13, 32, 0.105, 0.05, 0.32, (2,)),
        filing_days=180,
        appeal_days=60,
        overturns=0.38,
        asks_patients=False,
        leaning=((Category.ELIGIBILITY, 48), (Category.COORDINATION, 14)),
    ),
    Habit(
        *("Blue Ridge Health", "DM103", 12, 18, 0.062, -0.10, 0.58, (1, 3)),
        overturns=0.58,
        leaning=((Category.CODING, 32),),
    ),
    Habit(
        *("Cascade Mutual", "DM104", 13, 22, 0.07, 0.04, 0.55, (0, 2, 4)),
        overturns=0.62,
        leaning=((Category.DOCUMENTATION, 30),),
    ),
    Habit(
        *("Harbor Point Insurance", "DM105", 9, 27, 0.11, 0.55, 0.52, (1, 4)),
        appeal_days=90,
        overturns=0.56,
        leaning=((Category.AUTHORISATION, 44),),
    ),
    Habit(*("Evergreen Choice", "DM106", 7, 21, 0.078, -0.35, 0.6, (0, 3)), overturns=0.6),
    Habit(
        *("Summit Benefit", "DM107", 6, 24, 0.066, 0.0, 0.63, (2, 4)),
        slows=19,
        leaning=((Category.COORDINATION, 20),),
    ),
    Habit(
        *("Lakeshore HMO", "DM108", 6, 29, 0.125, 0.08, 0.46, (3,)),
        filing_days=90,
        appeal_days=60,
        overturns=0.45,
        leaning=((Category.AUTHORISATION, 52), (Category.MEDICAL_NECESSITY, 16)),
    ),
    Habit(*("Union Trades Fund", "DM109", 4, 38, 0.05, 0.0, 0.66, (4,)), filing_days=365, overturns=0.65),
    Habit(
        *("Pioneer Health Partners", "DM110", 4, 20, 0.085, 0.15, 0.56, (1, 3)),
        underpays=0.09,
        leaning=((Category.CODING, 38),),
    ),
    Habit(
        *("Meridian Advantage", "DM111", 5, 19, 0.13, 0.12, 0.43, (0, 2, 4)),
        filing_days=120,
        overturns=0.71,
        leaning=((Category.MEDICAL_NECESSITY, 34), (Category.AUTHORISATION, 34)),
        from_age=65,
    ),
    Habit(
        *("Granite Workers' Cover", "DM112", 2, 52, 0.14, 0.0, 0.7, (2,)),
        filing_days=365,
        asks_patients=False,
        leaning=((Category.COORDINATION, 34), (Category.DOCUMENTATION, 40)),
    ),
    Habit(
        *("BrightSmile Dental", "DD201", 62, 12, 0.06, 0.0, 0.62, (0, 1, 2, 3, 4)),
        filing_days=365,
        leaning=((Category.ELIGIBILITY, 40), (Category.MEDICAL_NECESSITY, 4)),
        is_dental=True,
    ),
    Habit(
        *("Keystone Dental Plans", "DD202", 38, 26, 0.12, 0.2, 0.55, (1, 4)),
        filing_days=180,
        overturns=0.4,
        leaning=((Category.DOCUMENTATION, 36), (Category.ELIGIBILITY, 34)),
        is_dental=True,
    ),
)

# Group, CARC and RARC by which each kind of denial is told.
REASONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    Category.ELIGIBILITY: (("CO", "27", ""), ("CO", "31", "N382"), ("PR", "204", "N30")),
    Category.AUTHORISATION: (("CO", "197", ""), ("CO", "198", "N54"), ("CO", "15", "M62")),
    Category.CODING: (("CO", "97", "M15"), ("CO", "4", "N519"), ("CO", "11", ""), ("CO", "16", "M76")),
    Category.DOCUMENTATION: (("CO", "16", "M127"), ("CO", "252", "N706"), ("PI", "226", "N479")),
    Category.TIMELY_FILING: (("CO", "29", "N211"),),
    Category.DUPLICATE: (("OA", "18", "N522"), ("CO", "18", "")),
    Category.MEDICAL_NECESSITY: (("CO", "50", "N115"), ("CO", "150", "M25")),
    Category.COORDINATION: (("CO", "22", "MA92"), ("OA", "109", "N418")),
    Category.OTHER: (("CO", "A1", "N130"), ("CO", "147", "")),
}


@dataclass(frozen=True)
class Incident:
    """What the demo has its users discover: a payer that begins to deny a procedure."""

    payer: str = "Cascade Mutual"
    procedure: str = "99214"
    weeks_ago: int = 6
    probability: float = 0.68
    category: str = Category.MEDICAL_NECESSITY
    reason: tuple[str, str, str] = ("CO", "150", "M25")


INCIDENT = Incident()


@dataclass(frozen=True)
class Underpayment:
    """What else there is to discover: a payer that begins to pay a procedure below its own fee schedule."""

    payer: str = "Blue Ridge Health"
    procedure: str = "99284"
    weeks_ago: int = 22
    falls_short: float = 0.12


UNDERPAYMENT = Underpayment()
