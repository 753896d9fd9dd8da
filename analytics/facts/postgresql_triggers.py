"""The triggers of PostgreSQL: each statement appends the days that it touches, all its rows at once.

There is no unique key on marks, so that nobody waits for anybody else's. What joins large tables is planned
anew each time, by the rows at hand.
"""

from __future__ import annotations

from .watched import CLAIM_DAYS, COLUMNS, KEYS, SHORTFALLS

_CLAIM_DAYS = """
    SELECT submitted_on AS day FROM {rows} UNION SELECT first_decided_on FROM {rows}
    UNION SELECT decided_on FROM {rows} UNION SELECT paid_on FROM {rows}
    UNION SELECT (received + around)::date FROM (
        SELECT DISTINCT (received_at AT TIME ZONE 'UTC')::date AS received FROM {rows}
    ) AS received, generate_series(-1, 1) AS around
"""
_MARK = """
    INSERT INTO analytics_dirtyday (fact, day)
    SELECT DISTINCT fact, day
    FROM ({days}) AS days{facts} WHERE day IS NOT NULL
"""
_ALL = "'day', 'staff'"
_MONEY = "'day'"
_EACH_ITS_OWN = ""  # the days say which facts they are marked for


def _mark(days: str, facts: str = _MONEY) -> str:
    return _MARK.format(days=days, facts=f", unnest(ARRAY[{facts}]) AS fact" if facts else "")


def _around(moment: str) -> str:
    """A moment's day and its neighbours, as one more column of the rows that have it."""
    return f"({moment} AT TIME ZONE 'UTC')::date + around"


_MOVED = " OR ".join(
    (
        "(before.status = 'void') <> (after.status = 'void')",
        *(f"before.{name} IS DISTINCT FROM after.{name}" for name in KEYS),
    )
)
# Its reasons and its lines count by the day of its decision, too.
_HELD = f"{_MOVED} OR before.decided_on IS DISTINCT FROM after.decided_on"
_CHANGED = f"""
    SELECT before.id, {_MOVED} AS moved FROM old_claims AS before JOIN new_claims AS after USING (id)
    WHERE ({", ".join(f"before.{name}" for name in COLUMNS)})
    IS DISTINCT FROM ({", ".join(f"after.{name}" for name in COLUMNS)})
"""  # noqa: S608 - names of our own
# The days on which what hangs on a changed claim counts: all of it when the claim is another payer's now …
_HANGING = """
    SELECT day FROM changed, LATERAL (
        SELECT service_date AS day FROM claims_claimline WHERE claim_id = changed.id AND moved
        UNION ALL SELECT paid_on FROM claims_claimpayment WHERE claim_id = changed.id AND moved
        UNION ALL
        SELECT {event_day} FROM claims_claimevent AS event, generate_series(-1, 1) AS around
        WHERE event.claim_id = changed.id AND (
            to_status IN ('appealed', 'written_off') OR moved AND (to_status <> '' OR actor_id IS NOT NULL)
        )
    ) AS hanging
""".format(event_day=_around("event.at"))  # noqa: S608 - names of our own
_NOTE = f"""
    INSERT INTO analytics_newclaim (claim_id, served_from, served_until, {", ".join(CLAIM_DAYS)})
    SELECT id, least(service_from, service_to), greatest(service_from, service_to), {", ".join(CLAIM_DAYS)}
    FROM new_claims
"""  # noqa: S608 - names of our own
# What hangs on a claim marks its day, unless it came before its claim and has no day but the claim's. It is
# looked up claim by claim: those tables are large.
_OF_WHAT_CAME_FIRST = """
    SELECT submitted_on AS day FROM new_claims WHERE (
        SELECT count(*) FROM claims_claimpayment WHERE claim_id = new_claims.id AND paid_on IS NULL
    ) > 0
    UNION SELECT paid_on FROM new_claims WHERE paid_on IS NOT NULL AND (
        SELECT count(*) FROM claims_shortfall WHERE claim_id = new_claims.id
    ) > 0
"""
CLAIMS = f"""
CREATE FUNCTION mark_claims() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        {_NOTE};
        EXECUTE $sql${_mark(_OF_WHAT_CAME_FIRST)}$sql$;
        {_mark("SELECT paid_on AS day FROM new_claims", "'staff'")};
    ELSIF TG_OP = 'DELETE' THEN
        {_mark(_CLAIM_DAYS.format(rows="old_claims"), _ALL)};
    ELSE
        -- What hangs on a claim that moves may just be coming in, unseen as yet. Whoever brings it needs the
        -- claim to be there when they commit, and waits; or they were first, and the next statement sees it.
        PERFORM 1 FROM claims_claim WHERE id IN (
            SELECT before.id FROM old_claims AS before JOIN new_claims AS after USING (id) WHERE {_HELD}
        ) ORDER BY id FOR UPDATE;
        EXECUTE $sql$
        WITH changed AS MATERIALIZED ({_CHANGED}),
        was AS MATERIALIZED (SELECT * FROM old_claims WHERE id IN (SELECT id FROM changed)),
        is_now AS MATERIALIZED (SELECT * FROM new_claims WHERE id IN (SELECT id FROM changed))
        {
    _mark(
        f'''{_CLAIM_DAYS.format(rows="was")} UNION {_CLAIM_DAYS.format(rows="is_now")}
        UNION {_HANGING}''',
        _ALL,
    )
}
        $sql$;
    END IF;
    RETURN NULL;
END
$function$;
"""  # noqa: S608 - names of our own

# Of new claims that were noted before notes said on which days these count.
MARK_NOTED = _mark(
    """
    WITH noted AS MATERIALIZED (
        SELECT * FROM claims_claim WHERE id = ANY(ARRAY(SELECT claim_id FROM analytics_newclaim))
    )
    SELECT day FROM ({claim_days}) AS of_claims
    UNION SELECT service_date FROM claims_claimline WHERE claim_id = ANY(ARRAY(SELECT id FROM noted))
    UNION SELECT paid_on FROM claims_claimpayment WHERE claim_id = ANY(ARRAY(SELECT id FROM noted))
    UNION SELECT {event_day} FROM claims_claimevent AS event, generate_series(-1, 1) AS around
    WHERE claim_id = ANY(ARRAY(SELECT id FROM noted))
    """.format(claim_days=_CLAIM_DAYS.format(rows="noted"), event_day=_around("event.at"))  # noqa: S608
)
# Rows that hang on a claim, each by its own day, or by its claim's where it has none.
_OLD_AND_NEW = {
    "INSERT": "SELECT {columns} FROM new_rows",
    "DELETE": "SELECT {columns} FROM old_rows",
    "UPDATE": (
        "(SELECT {columns} FROM old_rows EXCEPT ALL SELECT {columns} FROM new_rows)"
        " UNION ALL (SELECT {columns} FROM new_rows EXCEPT ALL SELECT {columns} FROM old_rows)"
    ),
}
_BY_EVENT = """CASE TG_OP
    WHEN 'INSERT' THEN $rows${INSERT}$rows$ WHEN 'DELETE' THEN $rows${DELETE}$rows$ ELSE $rows${UPDATE}$rows$
END"""
_ROWS_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    {first}
    EXECUTE format($sql$
        WITH changed AS MATERIALIZED (SELECT * FROM (%s) AS touched WHERE {which}) {mark}
    $sql$, {rows});
    RETURN NULL;
END
$function$;
"""


def _rows_function(
    name: str, columns: str, days: str, facts: str = _MONEY, first: str = "", which: str = "true"
) -> str:
    rows = _BY_EVENT.format(**{event: each.format(columns=columns) for event, each in _OLD_AND_NEW.items()})
    mark = _mark(days, facts).replace("%", "%%")
    return _ROWS_FUNCTION.format(name=name, mark=mark, rows=rows, first=first.format(rows=rows), which=which)


# Nobody else has seen a claim of this transaction: whoever counts it counts these rows with it, on the days
# that its note tells.
_OF_CLAIMS_SEEN = """NOT EXISTS (
    SELECT 1 FROM analytics_newclaim AS noted
    WHERE written_in = pg_current_xact_id()::text::bigint AND noted.claim_id = touched.claim_id
    AND (touched.service_date IS NULL OR touched.service_date BETWEEN served_from AND served_until)
)"""
# Lines count by days of their own, many of them long past: all else that counts on those days stays as it is.
LINES = _rows_function(
    "mark_lines",
    "claim_id, service_date, provider_id, net_fee, procedure",
    """
    SELECT DISTINCT service_date AS day, 'line' AS fact FROM changed
    UNION SELECT submitted_on, 'line' FROM claims_claim
    WHERE id IN (SELECT claim_id FROM changed WHERE service_date IS NULL)
    UNION SELECT decided_on, 'day' FROM claims_claim WHERE id IN (SELECT claim_id FROM changed)
    """,
    _EACH_ITS_OWN,
    which=_OF_CLAIMS_SEEN,
)
_PAYMENTS = _rows_function(
    "mark_payments",
    "claim_id, state, paid_on, paid",
    """
    SELECT DISTINCT paid_on AS day FROM changed
    UNION SELECT submitted_on FROM claims_claim
    WHERE id IN (SELECT claim_id FROM changed WHERE paid_on IS NULL)
    UNION SELECT decided_on FROM claims_claim WHERE id IN (SELECT claim_id FROM changed)
    """,
)
_ADJUSTMENTS = _rows_function(
    "mark_adjustments",
    'payment_id, "group", reason, remarks, amount, is_denial',
    """
    SELECT DISTINCT unnest(ARRAY[coalesce(payment.paid_on, claim.submitted_on), claim.decided_on]) AS day
    FROM claims_claimpayment AS payment LEFT JOIN claims_claim AS claim ON claim.id = payment.claim_id
    WHERE payment.id IN (SELECT payment_id FROM changed)
    """,
)
# An event that comes late changes what those after it mean, to whom a payment is credited, and when the same
# person's next work on the claim says that they had worked on it before. That a claim was received counts
# nowhere.
EVENTS = _rows_function(
    "mark_events",
    "id, claim_id, at, actor_id, action, from_status, to_status, is_error",
    f"""
    SELECT {_around("at")} AS day
    FROM (
        SELECT DISTINCT at FROM changed WHERE (actor_id IS NOT NULL OR to_status <> '')
        AND (action <> 'received' OR to_status IN ('appealed', 'paid', 'denied', 'written_off'))
    ) AS moments,
        generate_series(-1, 1) AS around
    UNION SELECT {_around("event.at")} FROM claims_claimevent AS event, generate_series(-1, 1) AS around
    WHERE event.to_status IN ('appealed', 'paid', 'denied', 'written_off') AND event.claim_id IN (
        SELECT claim_id FROM changed WHERE to_status IN ('appealed', 'paid', 'denied', 'written_off')
    )
    UNION SELECT paid_on FROM claims_claim
    WHERE id IN (SELECT claim_id FROM changed WHERE actor_id IS NOT NULL AND action <> 'received')
    UNION SELECT coalesce(decided_on, submitted_on) FROM claims_claim
    WHERE id IN (SELECT claim_id FROM changed WHERE to_status = 'written_off')
    UNION SELECT {_around("later.at")} FROM changed, LATERAL (
        SELECT at FROM claims_claimevent
        WHERE claim_id = changed.claim_id AND actor_id = changed.actor_id AND action <> 'received'
        AND changed.action <> 'received' AND at > changed.at ORDER BY at LIMIT 1
    ) AS later, generate_series(-1, 1) AS around
    """,  # noqa: S608 - names of our own
    "'day', 'staff'",
    # The claim may be being paid meanwhile, or worked on: whoever is second sees what the first has done.
    first="""
    EXECUTE format(
        $sql$WITH changed AS (%s) SELECT 1 FROM claims_claim WHERE id IN (
            SELECT claim_id FROM changed WHERE actor_id IS NOT NULL AND action <> 'received'
        ) ORDER BY id FOR NO KEY UPDATE$sql$, {rows}
    );
    """,
)
# By the day on which the claim was paid. It may just be changing: whoever is second sees what the first did.
_SHORTFALLS = _rows_function(
    "mark_shortfalls",
    "claim_id, line, procedure, modifiers, cause, expected, amount",
    "SELECT paid_on AS day FROM claims_claim WHERE id IN (SELECT claim_id FROM changed)",
    first="""
    EXECUTE format(
        $sql$WITH changed AS (%s) SELECT 1 FROM claims_claim WHERE id IN (
            SELECT claim_id FROM changed
        ) ORDER BY id FOR SHARE$sql$, {rows}
    );
    """,
)
# A table that was emptied has no rows to tell of.
EMPTY = """
CREATE FUNCTION mark_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_dirtyday (fact, day)
    SELECT DISTINCT 'day', day FROM analytics_dayfact
    UNION SELECT DISTINCT 'staff', day FROM analytics_stafffact
    UNION SELECT 'day', CURRENT_DATE;  -- where no fact was kept yet, it is another version all the same
    RETURN NULL;
END
$$;
"""
MARK_SHORTFALLS = "mark_shortfalls"
FUNCTIONS = {
    "claims_claim": "mark_claims",
    "claims_claimline": "mark_lines",
    "claims_claimpayment": "mark_payments",
    "claims_adjustment": "mark_adjustments",
    "claims_claimevent": "mark_events",
}
TRANSITIONS = {
    "INSERT": "NEW TABLE AS new_{rows}",
    "UPDATE": "OLD TABLE AS old_{rows} NEW TABLE AS new_{rows}",
    "DELETE": "OLD TABLE AS old_{rows}",
}


def statements() -> list[str]:
    functions = [CLAIMS, LINES, _PAYMENTS, _ADJUSTMENTS, EVENTS, EMPTY]
    return functions + [each for table, name in FUNCTIONS.items() for each in _triggers(table, name)]


def shortfall_statements() -> list[str]:
    """Of what claims lack: a table that came later than the others."""
    return [_SHORTFALLS, *_triggers(SHORTFALLS, MARK_SHORTFALLS)]


def _triggers(table: str, function: str) -> list[str]:
    rows = "claims" if table == "claims_claim" else "rows"
    return [
        *(
            f"CREATE TRIGGER {function}_{event.lower()} AFTER {event} ON {table}"
            f" REFERENCING {transition.format(rows=rows)} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            for event, transition in TRANSITIONS.items()
        ),
        f"CREATE TRIGGER {function}_truncate AFTER TRUNCATE ON {table} EXECUTE FUNCTION mark_all()",
    ]
