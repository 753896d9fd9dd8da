"""The database's own notes of which facts are outdated: whatever writes claims, by whatever way, is noted.

A mark is a day whose facts have to be added up again; too many cost time, a missing one makes numbers wrong.
On PostgreSQL a claim that comes in, with its lines in the same transaction, marks no day: it is noted itself,
and its few rows are counted beside the facts until they are in them (`NewClaim`).
A moment's day depends on the site's time zone, which the database does not know: its neighbours are marked,
too.
Django remakes a table on SQLite to alter it, and the triggers would be lost: a migration that alters a table
named here calls `drop` before and `create` after.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from ..past import balance_triggers

# What of a claim the facts depend on.
COLUMNS = (
    *("status", "kind", "payer_id", "department_id", "provider_id", "frequency"),
    *("submitted_on", "first_decided_on", "decided_on", "paid_on", "received_at"),
    "service_to",  # counts on no day, but what is at risk is told again only while it is as it was
    *("charge", "expected", "allowed", "paid", "adjusted", "written_off", "patient_share"),
    *("first_decision", "denial_category", "at_intake"),
)
# By which facts tell apart also what hangs on a claim.
KEYS = ("payer_id", "department_id", "provider_id", "kind", "denial_category")
TABLES = (
    "claims_claim",
    "claims_claimline",
    "claims_claimpayment",
    "claims_adjustment",
    "claims_claimevent",
)

# PostgreSQL: each statement appends the days that it touches. There is no unique key, so that nobody waits
# for anybody else's marks. What joins large tables is planned anew each time, by the rows at hand.
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
_CLAIMS_FUNCTION = f"""
CREATE FUNCTION mark_claims() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO analytics_newclaim (claim_id) SELECT id FROM new_claims;
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


# Nobody else has seen a claim of this transaction: whoever counts it counts these rows with it.
_OF_CLAIMS_SEEN = """claim_id NOT IN (
    SELECT claim_id FROM analytics_newclaim WHERE written_in = pg_current_xact_id()::text::bigint
)"""
# Lines count by days of their own, many of them long past: all else that counts on those days stays as it is.
_LINES = _rows_function(
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
# person's next work on the claim says that they had worked on it before. That a claim
# was received counts nowhere.
_EVENTS = _rows_function(
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
_SHORT = ("claims_shortfall", "mark_shortfalls")  # watched later than the others
_FUNCTIONS = {
    "claims_claim": "mark_claims",
    "claims_claimline": "mark_lines",
    "claims_claimpayment": "mark_payments",
    "claims_adjustment": "mark_adjustments",
    "claims_claimevent": "mark_events",
}
_TRANSITIONS = {
    "INSERT": "NEW TABLE AS new_{rows}",
    "UPDATE": "OLD TABLE AS old_{rows} NEW TABLE AS new_{rows}",
    "DELETE": "OLD TABLE AS old_{rows}",
}


def _postgresql() -> list[str]:
    statements = [_CLAIMS_FUNCTION, _LINES, _PAYMENTS, _ADJUSTMENTS, _EVENTS, EMPTY]
    for table, function in _FUNCTIONS.items():
        statements += _postgresql_triggers(table, function)
    return statements


def _postgresql_triggers(table: str, function: str) -> list[str]:
    rows = "claims" if table == "claims_claim" else "rows"
    return [
        *(
            f"CREATE TRIGGER {function}_{event.lower()} AFTER {event} ON {table}"
            f" REFERENCING {transition.format(rows=rows)} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            for event, transition in _TRANSITIONS.items()
        ),
        f"CREATE TRIGGER {function}_truncate AFTER TRUNCATE ON {table} EXECUTE FUNCTION mark_all()",
    ]


# SQLite: a row at a time. Writers take turns, so a day that is marked already needs no second mark.
_SQLITE = """
CREATE TRIGGER {table}_mark_{event} AFTER {event} ON {table} {condition}
BEGIN {steps} END
"""
_SQLITE_MARK = """
    INSERT INTO analytics_dirtyday (fact, day)
    SELECT fact, marked FROM (
        SELECT DISTINCT fact, date(day) AS marked FROM ({days}), ({facts}) WHERE day IS NOT NULL
    ) AS fresh WHERE NOT EXISTS (
        SELECT 1 FROM analytics_dirtyday AS mark WHERE mark.fact = fresh.fact AND mark.day = fresh.marked
    );
"""
_SQLITE_COUNT = """
    INSERT INTO analytics_factstate (id, refreshes, changes) VALUES (1, 0, 1)
    ON CONFLICT (id) DO UPDATE SET changes = changes + 1;
"""
_AROUND = "(SELECT '-1 day' AS shift UNION ALL SELECT '+0 days' UNION ALL SELECT '+1 day')"
_ROWS_OF = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}
_SQLITE_MOVED = " OR ".join(
    (
        "(OLD.status = 'void') <> (NEW.status = 'void')",
        *(f"OLD.{name} IS NOT NEW.{name}" for name in KEYS),
    )
)
_SQLITE_CLAIM = f"""
    SELECT {{row}}.submitted_on AS day UNION SELECT {{row}}.first_decided_on
    UNION SELECT {{row}}.decided_on UNION SELECT {{row}}.paid_on
    UNION SELECT date({{row}}.received_at, shift) FROM {_AROUND}
"""  # noqa: S608 - names of our own
_SQLITE_HANGING = f"""
    UNION SELECT service_date FROM claims_claimline WHERE claim_id = NEW.id AND ({_SQLITE_MOVED})
    UNION SELECT paid_on FROM claims_claimpayment WHERE claim_id = NEW.id AND ({_SQLITE_MOVED})
    UNION SELECT date(at, shift) FROM claims_claimevent, {_AROUND} WHERE claim_id = NEW.id AND (
        to_status IN ('appealed', 'written_off')
        OR ({_SQLITE_MOVED}) AND (to_status <> '' OR actor_id IS NOT NULL)
    )
"""  # noqa: S608 - names of our own
# By table, the days to mark and for which facts.
_SQLITE_DAYS: tuple[tuple[str, tuple[str, ...], str], ...] = (
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
_SQLITE_SHORT = "SELECT paid_on AS day FROM claims_claim WHERE id = {row}.claim_id"


def _sqlite() -> list[str]:
    statements = []
    for event, rows in _ROWS_OF.items():
        days = " UNION ".join(_SQLITE_CLAIM.format(row=row) for row in rows)
        changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in COLUMNS)
        if event == "update":
            days += _SQLITE_HANGING
        marked = _sqlite_mark(days, ("day", "staff"))
        condition = f"WHEN {changed}" if event == "update" else ""
        statements.append(_sqlite_trigger("claims_claim", event, marked, condition))
        for table in TABLES[1:]:
            marks = ((day, facts) for name, facts, day in _SQLITE_DAYS if name == table)
            steps = "".join(_sqlite_mark(day.format(row=row), facts) for day, facts in marks for row in rows)
            statements.append(_sqlite_trigger(table, event, steps))
    return statements


def _sqlite_mark(days: str, facts: tuple[str, ...]) -> str:
    named = " UNION ALL ".join(f"SELECT '{fact}' AS fact" for fact in facts)
    return _SQLITE_MARK.format(days=days, facts=named)


def _sqlite_trigger(table: str, event: str, steps: str, condition: str = "") -> str:
    return _SQLITE.format(table=table, event=event, condition=condition, steps=steps + _SQLITE_COUNT)


def watch_claims_anew(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For a migration after which other `COLUMNS` matter."""
    if schema_editor.connection.vendor == "postgresql":
        function = _CLAIMS_FUNCTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
        schema_editor.execute(function, params=None)
    else:
        schema_editor.execute("DROP TRIGGER claims_claim_mark_update", params=None)
        schema_editor.execute(
            next(each for each in _sqlite() if "claims_claim_mark_update" in each), params=None
        )


def watch_new_claims(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For the migration after which claims that come in are noted themselves."""
    if schema_editor.connection.vendor == "postgresql":
        for function in (_CLAIMS_FUNCTION, _LINES, _EVENTS):
            replaced = function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
            schema_editor.execute(replaced, params=None)


def watch_lines_anew(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For a migration after which lines outdate something else."""
    if schema_editor.connection.vendor == "postgresql":
        function = _LINES.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
        schema_editor.execute(function, params=None)
        return
    _watch_anew_on_sqlite(schema_editor, "claims_claimline")


def watch_events_anew(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For a migration after which events outdate something else."""
    if schema_editor.connection.vendor == "postgresql":
        function = _EVENTS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
        schema_editor.execute(function, params=None)
        return
    _watch_anew_on_sqlite(schema_editor, "claims_claimevent")


def _watch_anew_on_sqlite(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
    for event in _ROWS_OF:
        name = f"{table}_mark_{event}"
        schema_editor.execute(f"DROP TRIGGER {name}", params=None)
        schema_editor.execute(next(each for each in _sqlite() if name in each), params=None)


def watch_shortfalls(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What claims lack is a table that came later."""
    table, function = _SHORT
    if schema_editor.connection.vendor == "postgresql":
        statements = [_SHORTFALLS, *_postgresql_triggers(table, function)]
    else:
        statements = [
            _sqlite_trigger(
                table,
                event,
                "".join(_sqlite_mark(_SQLITE_SHORT.format(row=row), ("day",)) for row in rows),
            )
            for event, rows in _ROWS_OF.items()
        ]
    for statement in statements:
        schema_editor.execute(statement, params=None)


def unwatch_shortfalls(schema_editor: BaseDatabaseSchemaEditor) -> None:
    table, function = _SHORT
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {function} CASCADE", params=None)
        return
    for event in _ROWS_OF:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_mark_{event}", params=None)


def create(schema_editor: BaseDatabaseSchemaEditor, *, of_shortfalls: bool = True) -> None:
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in _postgresql() if is_postgresql else _sqlite():
        schema_editor.execute(statement, params=None)
    if of_shortfalls:
        watch_shortfalls(schema_editor)
    balance_triggers.create(schema_editor)


def drop(schema_editor: BaseDatabaseSchemaEditor) -> None:
    balance_triggers.drop(schema_editor)
    unwatch_shortfalls(schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        names = ", ".join((*_FUNCTIONS.values(), "mark_all"))
        schema_editor.execute(f"DROP FUNCTION {names} CASCADE", params=None)
        return
    for table in TABLES:
        for event in _ROWS_OF:
            schema_editor.execute(f"DROP TRIGGER {table}_mark_{event}", params=None)


def trigger_names() -> set[str]:
    """All that there have to be."""
    if connection.vendor == "postgresql":
        events = (*_TRANSITIONS, "TRUNCATE")
        functions = (*_FUNCTIONS.values(), _SHORT[1])
        ours = {f"{each}_{event.lower()}" for each in functions for event in events}
    else:
        ours = {f"{table}_mark_{event}" for table in (*TABLES, _SHORT[0]) for event in _ROWS_OF}
    return ours | balance_triggers.trigger_names(connection.vendor)


def missing_triggers() -> set[str]:
    """Those that are gone or switched off: without them numbers go stale unseen."""
    names = {
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'",
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    }
    with connection.cursor() as cursor:
        cursor.execute(names[connection.vendor])
        return trigger_names() - {name for (name,) in cursor.fetchall()}


# Where the days of claims stand, of whatever kind they are.
_SPANS = (
    ("claims_claim", ("submitted_on", "first_decided_on", "decided_on", "paid_on", "received_at")),
    ("claims_claimline", ("service_date",)),
    ("claims_claimpayment", ("paid_on",)),
    ("claims_claimevent", ("at",)),
)


def mark_everything(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Mark all days that claims which are here already may count on."""
    with schema_editor.connection.cursor() as cursor:
        if days := days_of_claims(cursor):
            cursor.executemany(
                "INSERT INTO analytics_dirtyday (fact, day) VALUES (%s, %s)",
                list(_all_marks(min(days), max(days))),
            )


def days_of_claims(cursor: Any) -> set[date]:
    """The days on which anything may count, in whatever time zone."""
    days: set[date] = set()
    for table, columns in _SPANS:
        for name in columns:
            cursor.execute(f"SELECT DISTINCT date({name}) FROM {table}")  # noqa: S608 - names of our own
            days |= {date.fromisoformat(str(day)) for (day,) in cursor.fetchall() if day is not None}
    return {day + timedelta(days=near) for day in days for near in (-1, 0, 1)}


def _all_marks(start: date, end: date) -> Any:
    day = start
    while day <= end:
        yield "day", str(day)
        yield "staff", str(day)
        day += timedelta(days=1)
