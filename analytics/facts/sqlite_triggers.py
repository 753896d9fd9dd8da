"""The triggers of SQLite: row by row. Writers take turns, so a day that is marked needs no second mark."""

from __future__ import annotations

from .watched import COLUMNS, KEYS, SHORTFALLS, TABLES

_TRIGGER = """
CREATE TRIGGER {table}_mark_{event} AFTER {event} ON {table} {condition}
BEGIN {steps} END
"""
_MARK = """
    INSERT INTO analytics_dirtyday (fact, day)
    SELECT fact, marked FROM (
        SELECT DISTINCT fact, date(day) AS marked FROM ({days}), ({facts}) WHERE day IS NOT NULL
    ) AS fresh WHERE NOT EXISTS (
        SELECT 1 FROM analytics_dirtyday AS mark WHERE mark.fact = fresh.fact AND mark.day = fresh.marked
    );
"""
_COUNT = """
    INSERT INTO analytics_factstate (id, refreshes, changes) VALUES (1, 0, 1)
    ON CONFLICT (id) DO UPDATE SET changes = changes + 1;
"""
_AROUND = "(SELECT '-1 day' AS shift UNION ALL SELECT '+0 days' UNION ALL SELECT '+1 day')"
ROWS_OF = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}
_MOVED = " OR ".join(
    (
        "(OLD.status = 'void') <> (NEW.status = 'void')",
        *(f"OLD.{name} IS NOT NEW.{name}" for name in KEYS),
    )
)
_CLAIM = f"""
    SELECT {{row}}.submitted_on AS day UNION SELECT {{row}}.first_decided_on
    UNION SELECT {{row}}.decided_on UNION SELECT {{row}}.paid_on
    UNION SELECT date({{row}}.received_at, shift) FROM {_AROUND}
"""  # noqa: S608 - names of our own
_HANGING = f"""
    UNION SELECT service_date FROM claims_claimline WHERE claim_id = NEW.id AND ({_MOVED})
    UNION SELECT paid_on FROM claims_claimpayment WHERE claim_id = NEW.id AND ({_MOVED})
    UNION SELECT date(at, shift) FROM claims_claimevent, {_AROUND} WHERE claim_id = NEW.id AND (
        to_status IN ('appealed', 'written_off')
        OR ({_MOVED}) AND (to_status <> '' OR actor_id IS NOT NULL)
    )
"""  # noqa: S608 - names of our own
# By table, the days to mark and for which facts.
_DAYS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "claims_claimline",
        ("line",),
        """
        SELECT coalesce(
            {row}.service_date, (SELECT submitted_on FROM claims_claim WHERE id = {row}.claim_id)
        ) AS day
    """,
    ),
    ("claims_claimline", ("day",), "SELECT decided_on AS day FROM claims_claim WHERE id = {row}.claim_id"),
    (
        "claims_claimpayment",
        ("day",),
        """
        SELECT coalesce(
            {row}.paid_on, (SELECT submitted_on FROM claims_claim WHERE id = {row}.claim_id)
        ) AS day
        UNION SELECT decided_on FROM claims_claim WHERE id = {row}.claim_id
    """,
    ),
    (
        "claims_adjustment",
        ("day",),
        """
        SELECT coalesce(payment.paid_on, claim.submitted_on) AS day
        FROM claims_claimpayment AS payment LEFT JOIN claims_claim AS claim ON claim.id = payment.claim_id
        WHERE payment.id = {row}.payment_id
        UNION SELECT claim.decided_on
        FROM claims_claimpayment AS payment JOIN claims_claim AS claim ON claim.id = payment.claim_id
        WHERE payment.id = {row}.payment_id
    """,
    ),
    (
        "claims_claimevent",
        ("day", "staff"),
        f"""
        SELECT date({{row}}.at, shift) AS day FROM {_AROUND}
        WHERE {{row}}.actor_id IS NOT NULL OR {{row}}.to_status <> ''
        UNION SELECT date(event.at, shift) FROM claims_claimevent AS event, {_AROUND}
        WHERE {{row}}.to_status IN ('appealed', 'paid', 'denied', 'written_off')
        AND event.claim_id = {{row}}.claim_id
        AND event.to_status IN ('appealed', 'paid', 'denied', 'written_off')
        UNION SELECT paid_on FROM claims_claim
        WHERE id = {{row}}.claim_id AND {{row}}.actor_id IS NOT NULL AND {{row}}.action <> 'received'
        UNION SELECT coalesce(decided_on, submitted_on) FROM claims_claim
        WHERE id = {{row}}.claim_id AND {{row}}.to_status = 'written_off'
        UNION SELECT date(later.at, shift) FROM claims_claimevent AS later, {_AROUND}
        WHERE later.claim_id = {{row}}.claim_id AND later.actor_id = {{row}}.actor_id
        AND datetime(later.at) >= datetime({{row}}.at)
        AND {{row}}.action <> 'received' AND later.action <> 'received'
    """,  # noqa: S608 - names of our own
    ),
)
_SHORTFALL = "SELECT paid_on AS day FROM claims_claim WHERE id = {row}.claim_id"


def statements() -> list[str]:
    found = []
    for event, rows in ROWS_OF.items():
        days = " UNION ".join(_CLAIM.format(row=row) for row in rows)
        changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in COLUMNS)
        if event == "update":
            days += _HANGING
        marked = _mark(days, ("day", "staff"))
        condition = f"WHEN {changed}" if event == "update" else ""
        found.append(_trigger("claims_claim", event, marked, condition))
        for table in TABLES[1:]:
            marks = ((day, facts) for name, facts, day in _DAYS if name == table)
            steps = "".join(_mark(day.format(row=row), facts) for day, facts in marks for row in rows)
            found.append(_trigger(table, event, steps))
    return found


def shortfall_statements() -> list[str]:
    """Of what claims lack: a table that came later than the others."""
    return [
        _trigger(SHORTFALLS, event, "".join(_mark(_SHORTFALL.format(row=row), ("day",)) for row in rows))
        for event, rows in ROWS_OF.items()
    ]


def _mark(days: str, facts: tuple[str, ...]) -> str:
    named = " UNION ALL ".join(f"SELECT '{fact}' AS fact" for fact in facts)
    return _MARK.format(days=days, facts=named)


def _trigger(table: str, event: str, steps: str, condition: str = "") -> str:
    return _TRIGGER.format(table=table, event=event, condition=condition, steps=steps + _COUNT)
