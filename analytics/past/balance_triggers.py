"""The database's own notes of whose balances may have changed, and so what was owed on past days.

A mark is a claim, not a day: a payment and what it does to its claim are written one after the other, and
only both together leave the past as it was. Whoever adds a marked claim up again finds that out. Marks are
only ever appended, so that nobody waits for anybody else's.

No claim was owed anything on before it was submitted, so a change of the claim itself says since when it
matters: the thousands that come in today leave the past as it is kept.
"""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MARKS = "analytics_changedclaim"
# What of a claim its past balances depend on.
COLUMNS = (
    *("status", "payer_id", "department_id", "submitted_on", "decided_on", "paid_on", "first_decision"),
    *("charge", "expected", "allowed", "paid", "adjusted", "written_off"),
)

# PostgreSQL: a statement at a time. What joins is planned anew each time, by the rows at hand.
_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    {steps}
    RETURN NULL;
END
$function$;
"""
_INSERT = f"INSERT INTO {MARKS} (claim_id)"
_INSERT_SINCE = f"INSERT INTO {MARKS} (claim_id, since)"


def _by_event(insert: str, update: str, delete: str, into: str = _INSERT) -> str:
    return f"""
    IF TG_OP = 'INSERT' THEN {into} {insert};
    ELSIF TG_OP = 'DELETE' THEN {into} {delete};
    ELSE EXECUTE $sql${into} {update}$sql$;
    END IF;"""


def _changed(columns: str) -> str:
    """The rows of a statement that it changed in any of these, as they were and as they are."""
    return (
        f"((SELECT {columns} FROM old_rows EXCEPT ALL SELECT {columns} FROM new_rows) UNION ALL "  # noqa: S608
        f"(SELECT {columns} FROM new_rows EXCEPT ALL SELECT {columns} FROM old_rows)) AS changed"
    )


_BEFORE, _AFTER = (", ".join(f"{row}.{name}" for name in COLUMNS) for row in ("before", "after"))
_CLAIMS = _by_event(
    "SELECT id, submitted_on FROM new_rows WHERE status <> 'void'",
    "SELECT id, least(before.submitted_on, after.submitted_on)"  # noqa: S608 - names of our own
    " FROM old_rows AS before FULL JOIN new_rows AS after USING (id)"
    f" WHERE ({_BEFORE}) IS DISTINCT FROM ({_AFTER})",
    "SELECT id, submitted_on FROM old_rows",
    into=_INSERT_SINCE,
)
_BOOKED = "claim_id IS NOT NULL AND state = 'posted' AND paid_on IS NOT NULL"
_PAYMENTS = _by_event(
    f"SELECT claim_id FROM new_rows WHERE {_BOOKED}",  # noqa: S608 - names of our own
    f"SELECT DISTINCT claim_id FROM {_changed('id, claim_id, state, paid_on, paid, patient_share')}"  # noqa: S608
    f" WHERE {_BOOKED}",
    f"SELECT claim_id FROM old_rows WHERE {_BOOKED}",  # noqa: S608 - names of our own
)
# The payment may be finding its claim meanwhile: whoever is second sees what the first has done.
_OF_PAYMENTS = f"""
    EXECUTE format($sql$
        WITH held AS MATERIALIZED (
            SELECT id, claim_id, state, paid_on FROM claims_claimpayment
            WHERE id IN (SELECT payment_id FROM %s) ORDER BY id FOR SHARE
        ) {_INSERT} SELECT DISTINCT claim_id FROM held WHERE {_BOOKED}
    $sql$, CASE TG_OP WHEN 'INSERT' THEN 'new_rows' WHEN 'DELETE' THEN 'old_rows' ELSE $rows${
    _changed('id, payment_id, "group", reason, amount')
}$rows$ END);"""  # noqa: S608 - names of our own
_IS_GIVEN_UP = "to_status = 'written_off'"
_EVENTS = _by_event(
    f"SELECT DISTINCT claim_id FROM new_rows WHERE {_IS_GIVEN_UP}",  # noqa: S608 - names of our own
    f"SELECT DISTINCT claim_id FROM {_changed('id, claim_id, at, from_status, to_status')}"  # noqa: S608
    f" WHERE {_IS_GIVEN_UP}",
    f"SELECT DISTINCT claim_id FROM old_rows WHERE {_IS_GIVEN_UP}",  # noqa: S608 - names of our own
)
_ALL = f"{_INSERT} SELECT id FROM claims_claim UNION SELECT claim_id FROM analytics_claimbalance;"  # noqa: S608

_STEPS = {
    "claims_claim": ("change_claims", _CLAIMS),
    "claims_claimpayment": ("change_payments", _PAYMENTS),
    "claims_adjustment": ("change_adjustments", _OF_PAYMENTS),
    "claims_claimevent": ("change_events", _EVENTS),
}
_TRANSITIONS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def _postgresql() -> list[str]:
    statements = [_FUNCTION.format(name="change_all", steps=_ALL)]
    for table, (function, steps) in _STEPS.items():
        statements.append(_FUNCTION.format(name=function, steps=steps))
        statements += [
            f"CREATE TRIGGER {function}_{event.lower()} AFTER {event} ON {table}"
            f" REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            for event, rows in _TRANSITIONS.items()
        ]
        statements.append(
            f"CREATE TRIGGER {function}_truncate AFTER TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION change_all()"
        )
    return statements


# SQLite: a row at a time.
_ROWS_OF = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}
_WATCHED = {
    "claims_claim": ("id", *COLUMNS),
    "claims_claimpayment": ("id", "claim_id", "state", "paid_on", "paid", "patient_share"),
    "claims_adjustment": ("id", "payment_id", '"group"', "reason", "amount"),
    "claims_claimevent": ("id", "claim_id", "at", "from_status", "to_status"),
}
_CLAIM_OF = {
    "claims_claim": "SELECT {row}.id AS claim_id, {row}.submitted_on AS since",
    "claims_claimpayment": """
        SELECT {row}.claim_id AS claim_id WHERE {row}.state = 'posted' AND {row}.paid_on IS NOT NULL
    """,
    "claims_adjustment": "SELECT claim_id FROM claims_claimpayment WHERE id = {row}.payment_id",
    "claims_claimevent": "SELECT {row}.claim_id AS claim_id WHERE {row}.to_status = 'written_off'",
}


def _sqlite() -> list[str]:
    return [_sqlite_trigger(table, event) for table in _WATCHED for event in _ROWS_OF]


def _sqlite_trigger(table: str, event: str) -> str:
    changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _WATCHED[table])
    condition = f"WHEN {changed}" if event == "update" else ""
    claims = " UNION ".join(_CLAIM_OF[table].format(row=row) for row in _ROWS_OF[event])
    into, marked = (_INSERT_SINCE, "claim_id, since") if table == "claims_claim" else (_INSERT, "claim_id")
    return f"""
        CREATE TRIGGER {table}_change_{event} AFTER {event} ON {table} {condition}
        BEGIN {into} SELECT {marked} FROM ({claims}) WHERE claim_id IS NOT NULL; END
    """  # noqa: S608 - names of our own


def create(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Nothing before the table of marks is there: the facts' own triggers are older than it."""
    database = schema_editor.connection
    if MARKS in database.introspection.table_names():
        for statement in _postgresql() if database.vendor == "postgresql" else _sqlite():
            schema_editor.execute(statement, params=None)


def drop(schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        names = ", ".join((*(function for function, _ in _STEPS.values()), "change_all"))
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {names} CASCADE", params=None)
        return
    for table in _WATCHED:
        for event in _ROWS_OF:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_change_{event}", params=None)


def trigger_names(vendor: str) -> set[str]:
    if vendor == "postgresql":
        events = (*_TRANSITIONS, "TRUNCATE")
        return {f"{function}_{event.lower()}" for function, _ in _STEPS.values() for event in events}
    return {f"{table}_change_{event}" for table in _WATCHED for event in _ROWS_OF}


def mark_everything(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Mark all claims that are here already."""
    schema_editor.execute(f"{_INSERT} SELECT id FROM claims_claim", params=None)  # noqa: S608
