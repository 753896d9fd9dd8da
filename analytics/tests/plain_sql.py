"""Every number once more, in plain SQL over the claims: written from the definitions that people read.

It shares nothing with `measures`, `sources` and `balances`, and goes another way where there is one. What a
payer decided is taken from the claim's history, not from how it stands; what was owed on a past day is added
up from the claim's beginning, not taken back from today. Amounts are whole cents. Both databases run the same
statements: days and the moments at which they begin and end come from a calendar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, timedelta
from fractions import Fraction
from typing import Any

from django.db import connection

from rcm_site.days import midnight

CALENDAR = """
CREATE TEMPORARY TABLE calendar (
    day date, n integer, starts timestamp with time zone, ends timestamp with time zone
)
"""
# Claims that count, with their days as numbers.
LIVING = """
CREATE TEMPORARY TABLE living AS
SELECT c.*, received.day AS received_on, submitted.n AS submitted_n, paying.n AS paid_n
FROM claims_claim c
JOIN calendar submitted ON submitted.day = c.submitted_on
LEFT JOIN calendar received ON c.received_at >= received.starts AND c.received_at < received.ends
LEFT JOIN calendar paying ON paying.day = c.paid_on
WHERE c.status <> 'void'
"""
# What happened to them, in order.
HAPPENED = """
CREATE TEMPORARY TABLE happened AS
SELECT e.claim_id, e.actor_id, e.action, e.from_status, e.to_status, e.is_error, c.department_id,
    k.day, k.n, row_number() OVER (PARTITION BY e.claim_id ORDER BY e.at, e.id) AS place
FROM claims_claimevent e
JOIN living c ON c.id = e.claim_id
JOIN calendar k ON e.at >= k.starts AND e.at < k.ends
"""
# What payers decided, each decision with its place among the claim's decisions from both ends.
DECISIONS = """
CREATE TEMPORARY TABLE decisions AS
SELECT claim_id, to_status AS decision, place,
    row_number() OVER (PARTITION BY claim_id ORDER BY place) AS from_first,
    row_number() OVER (PARTITION BY claim_id ORDER BY place DESC) AS from_last
FROM happened WHERE to_status IN ('paid', 'denied')
"""

_DENIED = "EXISTS (SELECT 1 FROM decisions d WHERE d.claim_id = c.id AND decision = 'denied' AND {})"
_LAST_DENIED, _FIRST_DENIED = _DENIED.format("from_last = 1"), _DENIED.format("from_first = 1")
_EVER_DENIED = _DENIED.format("1 = 1")
_PAID_AT_ONCE = (
    "c.status = 'paid' AND c.frequency NOT IN ('7', '8') AND EXISTS (SELECT 1 FROM decisions d"
    " WHERE d.claim_id = c.id AND decision = 'paid' AND from_first = 1)"
)
_CONTRACTUAL = "a.\"group\" IN ('CO', 'PI', 'CR') AND a.reason IN ('45', '253')"  # what the demo's payers use
_SHORT = "c.expected - c.paid - c.patient_share"


DIMENSIONS = ("payer", "department", "kind", "category", "provider")
_KEYS = (
    "c.payer_id AS payer, c.department_id AS department, c.kind AS kind, c.denial_category AS category,"
    " c.provider_id AS provider"
)
_KEYS_OF_LINES = _KEYS.replace("c.provider_id", "l.provider_id")  # a line is its own provider's


def _claims(day: str, amount: str = "1", where: str = "1 = 1") -> str:
    return (
        f"SELECT {_KEYS}, {amount} AS amount FROM living c"
        f" WHERE c.{day} BETWEEN %(start)s AND %(end)s AND {where}"
    )


def _payments(amount: str) -> str:
    return (
        f"SELECT {_KEYS}, {amount} AS amount"
        " FROM claims_claimpayment p JOIN living c ON c.id = p.claim_id"
        " WHERE p.state = 'posted' AND p.paid_on BETWEEN %(start)s AND %(end)s"
    )


def _adjustments(amount: str) -> str:
    return (
        f"SELECT {_KEYS}, {amount} AS amount"
        " FROM claims_adjustment a JOIN claims_claimpayment p ON p.id = a.payment_id"
        " JOIN living c ON c.id = p.claim_id"
        f" WHERE p.state = 'posted' AND p.paid_on BETWEEN %(start)s AND %(end)s AND {_CONTRACTUAL}"
    )


def _write_offs(amount: str) -> str:
    """By the last time that the claim was given up."""
    return (
        f"SELECT {_KEYS}, {amount} AS amount"
        " FROM happened e JOIN living c ON c.id = e.claim_id"
        " WHERE e.to_status = 'written_off' AND e.day BETWEEN %(start)s AND %(end)s"
        " AND e.place = (SELECT max(place) FROM happened l WHERE l.claim_id = e.claim_id"
        f" AND l.to_status = 'written_off' AND l.from_status <> 'written_off') AND {_EVER_DENIED}"
    )


# Each appeal, the denial before it, and the first decision after it, if one came before another appeal.
_APPEALS = """
SELECT {keys}, {amount} AS amount
FROM happened e
JOIN living c ON c.id = e.claim_id
JOIN happened denial ON denial.claim_id = e.claim_id AND denial.place = (
    SELECT max(place) FROM happened b
    WHERE b.claim_id = e.claim_id AND b.place < e.place AND b.to_status = 'denied')
LEFT JOIN happened outcome ON outcome.claim_id = e.claim_id AND outcome.place = (
    SELECT min(place) FROM happened b
    WHERE b.claim_id = e.claim_id AND b.place > e.place AND b.to_status IN ('paid', 'denied'))
WHERE e.to_status = 'appealed' AND e.from_status <> 'appealed'
    AND {day} BETWEEN %(start)s AND %(end)s AND {where}
"""


def _appeals(day: str, amount: str = "1", where: str = "1 = 1") -> str:
    return _APPEALS.format(keys=_KEYS, day=day, amount=amount, where=where)


def _lines(amount: str) -> str:
    return (
        f"SELECT {_KEYS_OF_LINES}, {amount} AS amount"
        " FROM claims_claimline l JOIN living c ON c.id = l.claim_id"
        " WHERE COALESCE(l.service_date, c.submitted_on) BETWEEN %(start)s AND %(end)s"
        " AND l.provider_fees + l.allowed_fees + l.coinsurance + l.copay IS NOT NULL"
    )


FLOWS: dict[str, str] = {
    "submitted": _claims("submitted_on"),
    "charges": _claims("submitted_on", "c.charge"),
    "standing_denied": _claims("submitted_on", where="c.status = 'denied'"),
    "decided": _claims("decided_on"),
    "decided_charges": _claims("decided_on", "c.charge"),
    "denied": _claims("decided_on", where=_LAST_DENIED),
    "denied_charges": _claims("decided_on", "c.charge", _LAST_DENIED),
    "paid_at_once": _claims("decided_on", where=_PAID_AT_ONCE),
    "first_decided": _claims("first_decided_on", where="c.frequency NOT IN ('7', '8')"),
    "first_denied": _claims("first_decided_on", where=f"c.frequency NOT IN ('7', '8') AND {_FIRST_DENIED}"),
    "received": _claims("received_on"),
    "clean": _claims("received_on", where="c.at_intake <> 'rejected'"),
    "paid_claims": _claims("paid_on", where="c.status = 'paid'"),
    "days_to_pay": _claims("paid_on", "c.paid_n - c.submitted_n", "c.status = 'paid'"),
    "underpaid_claims": _claims("paid_on", where=f"c.status = 'paid' AND {_SHORT} > 0"),
    "underpaid": _claims("paid_on", _SHORT, f"c.status = 'paid' AND {_SHORT} > 0"),
    "payments": _payments("1"),
    "cash": _payments("p.paid"),
    "contractual": _adjustments("a.amount"),
    "write_offs": _write_offs("1"),
    "written_off": _write_offs("c.written_off"),
    "appeals_filed": _appeals("e.day"),
    "days_to_appeal": _appeals("e.day", "e.n - denial.n"),
    "appeals_decided": _appeals("outcome.day"),
    "appeals_won": _appeals("outcome.day", where="outcome.to_status = 'paid'"),
    "fee_lines": _lines("1"),
    "net_fees": _lines("l.provider_fees + l.coinsurance + l.copay - l.allowed_fees"),
}

# How each claim stood at the end of a day: the sum of all that had happened to it by then.
STANDING = f"""
WITH paid AS (
    SELECT claim_id, sum(paid) AS amount FROM claims_claimpayment
    WHERE state = 'posted' AND paid_on <= %(day)s GROUP BY claim_id
), adjusted AS (
    SELECT p.claim_id, sum(a.amount) AS amount
    FROM claims_adjustment a JOIN claims_claimpayment p ON p.id = a.payment_id
    WHERE p.state = 'posted' AND p.paid_on <= %(day)s AND {_CONTRACTUAL} GROUP BY p.claim_id
), stood AS (
    SELECT claim_id, to_status AS status FROM happened h
    WHERE place = (SELECT max(place) FROM happened l
        WHERE l.claim_id = h.claim_id AND l.day <= %(day)s AND l.to_status <> '')
), then_ AS (
    SELECT {_KEYS}, stood.status, today.n - c.submitted_n AS age,
        COALESCE(c.expected, c.allowed, c.charge) AS contract, COALESCE(paid.amount, 0) AS paid,
        c.charge - COALESCE(paid.amount, 0) - COALESCE(adjusted.amount, 0) AS left_over,
        CASE WHEN stood.status = 'written_off' THEN c.written_off ELSE 0 END AS given_up
    FROM living c
    JOIN stood ON stood.claim_id = c.id
    JOIN calendar today ON today.day = %(day)s
    LEFT JOIN paid ON paid.claim_id = c.id
    LEFT JOIN adjusted ON adjusted.claim_id = c.id
    WHERE c.submitted_on <= %(day)s
), balances AS (
    SELECT {", ".join(DIMENSIONS)}, age, left_over - given_up AS balance,
        contract - paid - given_up AS to_come,
        status IN ('submitted', 'pending', 'denied', 'appealed') AS is_open
    FROM then_
)
SELECT {", ".join(DIMENSIONS)}, {{amount}} AS amount FROM balances WHERE {{where}}
"""
_OWED = "is_open AND balance > 0"
_NET = "CASE WHEN to_come < 0 THEN 0 WHEN to_come < balance THEN to_come ELSE balance END"
BUCKETS = ((0, 30), (31, 60), (61, 90), (91, 120), (121, 100_000))


def _standing(amount: str, where: str) -> str:
    return STANDING.format(amount=amount, where=where)


BALANCES: dict[str, str] = {
    "owed_claims": _standing("1", _OWED),
    "owed": _standing("balance", _OWED),
    "owed_net": _standing(_NET, _OWED),
    "credit_claims": _standing("1", "balance < 0"),
    "credits": _standing("balance", "balance < 0"),
    "owed_over_90": _standing("balance", f"{_OWED} AND age > 90"),
}
for _first, _last in BUCKETS:
    _within = f"{_OWED} AND age BETWEEN {_first} AND {_last}"
    BALANCES[f"owed_claims_{_first}"] = _standing("1", _within)
    BALANCES[f"owed_{_first}"] = _standing("balance", _within)
    BALANCES[f"owed_net_{_first}"] = _standing(_NET, _within)

Sums = dict[str, int]
Key = tuple[int | str | None, ...]  # in the order of `DIMENSIONS`


def prepare(first: date, last: date) -> None:
    """Write the calendar of these days, and what is read more than once."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    with connection.cursor() as cursor:
        cursor.execute(CALENDAR)
        rows = [(day.isoformat(), day.toordinal(), _utc(day), _utc(day + timedelta(days=1))) for day in days]
        cursor.executemany("INSERT INTO calendar VALUES (%s, %s, %s, %s)", rows)
        cursor.execute("CREATE INDEX calendar_by_start ON calendar (starts)")
        for statement in (LIVING, HAPPENED, DECISIONS):
            cursor.execute(statement)
        cursor.execute("CREATE INDEX happened_by_claim ON happened (claim_id, place)")
        cursor.execute("CREATE INDEX decisions_by_claim ON decisions (claim_id)")
        for table in ("calendar", "living", "happened", "decisions"):
            cursor.execute(f"ANALYZE {table}")  # nobody else does it for temporary tables


def _utc(day: date) -> str:
    """The moment at which a day begins, as text that both databases compare rightly."""
    return f"{midnight(day).astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def sums(start: date, end: date) -> dict[Key, Sums]:
    """Every sum over the period, and as of its end, by all dimensions together."""
    keys = ", ".join(DIMENSIONS)
    found: dict[Key, Sums] = defaultdict(lambda: dict.fromkeys((*FLOWS, *BALANCES), 0))
    asked = {"start": str(start), "end": str(end), "day": str(end)}
    with connection.cursor() as cursor:
        for name, statement in (FLOWS | BALANCES).items():
            cursor.execute(f"SELECT {keys}, sum(amount) FROM ({statement}) AS rows_ GROUP BY {keys}", asked)
            for *key, amount in cursor.fetchall():
                found[tuple(key)][name] = int(amount)
    return found


def added_up(found: dict[Key, Sums], dimension: str | None = None) -> dict[Any, Sums]:
    """By payer, department …, or all together."""
    place = DIMENSIONS.index(dimension) if dimension else None
    together: dict[Any, Sums] = defaultdict(lambda: dict.fromkeys((*FLOWS, *BALANCES), 0))
    for key, each in found.items():
        sums_of = together[None if place is None else key[place]]
        for name, amount in each.items():
            sums_of[name] += amount
    return together


# People --------------------------------------------------------------------------------------------

_WORKED = "FROM happened WHERE actor_id IS NOT NULL AND action <> 'received' AND day BETWEEN %s AND %s"
WORK = f"SELECT {{key}}, count(*), sum(CASE WHEN is_error THEN 1 ELSE 0 END) {_WORKED} GROUP BY 1"
CLAIMS_A_DAY = (
    "SELECT who, count(*) FROM (SELECT DISTINCT {key} AS who, actor_id, day, claim_id"
    f" {_WORKED}) AS days GROUP BY 1"
)
DAYS_WORKED = f"SELECT {{key}}, count(DISTINCT day) {_WORKED} GROUP BY 1"
CLAIMS_TOUCHED = f"SELECT actor_id, count(DISTINCT claim_id) {_WORKED} GROUP BY 1"
# A payment is to the credit of whoever acted last on the claim, that day at the latest.
RESOLVED = """
SELECT {key}, count(*), sum(c.paid)
FROM living c JOIN happened h ON h.claim_id = c.id AND h.place = (
    SELECT max(place) FROM happened l
    WHERE l.claim_id = c.id AND l.actor_id IS NOT NULL AND l.action <> 'received' AND l.day <= c.paid_on)
WHERE c.status = 'paid' AND c.paid_on BETWEEN %s AND %s GROUP BY 1
"""


def rows(statement: str, start: date, end: date, key: str = "") -> Iterable[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(key=key), [str(start), str(end)])
        return cursor.fetchall()


# KPIs ----------------------------------------------------------------------------------------------

Amounts = dict[str, Fraction]  # in dollars, days and pieces
Formula = Callable[[Amounts], tuple[Fraction, Fraction | None]]
MONEY = {
    *("charges", "decided_charges", "denied_charges", "underpaid", "cash", "contractual", "written_off"),
    *("net_fees", *(name for name in BALANCES if "claims" not in name)),
}


def amounts(found: Sums, days: int) -> Amounts:
    given = {name: Fraction(amount, 100 if name in MONEY else 1) for name, amount in found.items()}
    return given | {"days": Fraction(days)}


def _share(part: str, whole: str) -> Formula:
    return lambda s: (s[part], s[whole])


def _total(name: str) -> Formula:
    return lambda s: (s[name], None)


# By each KPI's key, what is divided by what, and the sum that says how many it is about.
KPIS: dict[str, tuple[Formula, str]] = {
    "denial_rate": (_share("denied", "decided"), "decided"),
    "denial_rate_of_all": (_share("standing_denied", "submitted"), "submitted"),
    "denied_dollars_rate": (_share("denied_charges", "decided_charges"), "decided"),
    "denied_charges": (_total("denied_charges"), "denied"),
    "initial_denial_rate": (_share("first_denied", "first_decided"), "first_decided"),
    "denial_write_off_rate": (lambda s: (s["written_off"], s["charges"] - s["contractual"]), "write_offs"),
    "first_pass_resolution": (_share("paid_at_once", "decided"), "decided"),
    "clean_claim_rate": (_share("clean", "received"), "received"),
    "average_days_to_pay": (_share("days_to_pay", "paid_claims"), "paid_claims"),
    "days_denial_to_appeal": (_share("days_to_appeal", "appeals_filed"), "appeals_filed"),
    "appeal_overturn_rate": (_share("appeals_won", "appeals_decided"), "appeals_decided"),
    "gross_charges": (_total("charges"), "submitted"),
    "claims_submitted": (_total("submitted"), "submitted"),
    "cash_collected": (_total("cash"), "payments"),
    "net_collection_rate": (lambda s: (s["cash"], s["charges"] - s["contractual"]), "payments"),
    "gross_collection_rate": (_share("cash", "charges"), "payments"),
    "underpaid_amount": (_total("underpaid"), "underpaid_claims"),
    "net_fee": (_total("net_fees"), "fee_lines"),
    "open_ar": (_total("owed"), "owed_claims"),
    "credit_balances": (lambda s: (-s["credits"], None), "credit_claims"),
    "gross_days_in_ar": (lambda s: (s["owed"], s["charges"] / s["days"]), "owed_claims"),
    "net_days_in_ar": (
        lambda s: (s["owed_net"], (s["charges"] - s["contractual"]) / s["days"]),
        "owed_claims",
    ),
    "aged_ar_over_90": (_share("owed_over_90", "owed"), "owed_claims"),
    "ar_0_30": (_total("owed_0"), "owed_claims_0"),
    "ar_31_60": (_total("owed_31"), "owed_claims_31"),
    "ar_61_90": (_total("owed_61"), "owed_claims_61"),
    "ar_91_120": (_total("owed_91"), "owed_claims_91"),
    "ar_over_120": (_total("owed_121"), "owed_claims_121"),
}
