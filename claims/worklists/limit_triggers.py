"""The database's own notes of whose work the time limits of payers and plans touch, when these change.

A payer's limits mark its claims at work that have a deadline; a plan's mark those with a line of that plan.
`provider_triggers` creates and drops these with its own, since they read claims and lines.
"""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from .work_triggers import MARKS

PAYERS, PLANS = "claims_payer", "claims_planlimit"
_LIMITS = ("timely_filing_days", "appeal_days")  # of a payer
_MARK = f"""
INSERT INTO {MARKS} (claim_id) SELECT work.claim_id FROM claims_openwork AS work
JOIN claims_claim AS claim ON claim.id = work.claim_id WHERE work.deadline IS NOT NULL AND
"""  # noqa: S608 - names of our own
_HAS_PLAN = """EXISTS (
    SELECT 1 FROM claims_claimline AS line JOIN claims_coverage AS coverage ON coverage.id = line.coverage_id
    WHERE line.claim_id = claim.id AND {plan}
)"""
_BEFORE, _AFTER = (", ".join(f"{row}.{name}" for name in _LIMITS) for row in ("before", "after"))
_IS_PLAN = "(claim.payer_id, coverage.plan_group) IN (SELECT payer_id, plan_group FROM {rows})"
_OLD, _NEW = ("OLD TABLE AS old_rows", "NEW TABLE AS new_rows")

_POSTGRESQL = (
    f"""
CREATE FUNCTION mark_work_of_payers() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    {_MARK} claim.payer_id IN (
        SELECT id FROM old_rows AS before JOIN new_rows AS after USING (id)
        WHERE ({_BEFORE}) IS DISTINCT FROM ({_AFTER})
    );
    RETURN NULL;
END
$function$;
""",  # noqa: S608 - names of our own
    f"""
CREATE FUNCTION mark_work_of_plans() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        {_MARK} {_HAS_PLAN.format(plan=_IS_PLAN.format(rows="old_rows"))};
    END IF;
    IF TG_OP <> 'DELETE' THEN
        {_MARK} {_HAS_PLAN.format(plan=_IS_PLAN.format(rows="new_rows"))};
    END IF;
    RETURN NULL;
END
$function$;
""",
    *(
        f"CREATE TRIGGER {function}_{event.lower()} AFTER {event} ON {table} REFERENCING {rows}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        for function, table, event, rows in (
            ("mark_work_of_payers", PAYERS, "UPDATE", f"{_OLD} {_NEW}"),
            ("mark_work_of_plans", PLANS, "INSERT", _NEW),
            ("mark_work_of_plans", PLANS, "UPDATE", f"{_OLD} {_NEW}"),
            ("mark_work_of_plans", PLANS, "DELETE", _OLD),
        )
    ),
)

# SQLite: a row at a time.
_CHANGED = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _LIMITS)
_ROWS_OF = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}
_SQLITE_PAYERS = f"""
CREATE TRIGGER {PAYERS}_work AFTER UPDATE ON {PAYERS} WHEN {_CHANGED}
BEGIN {_MARK} claim.payer_id = NEW.id; END
"""


def _sqlite() -> list[str]:
    return [
        _SQLITE_PAYERS,
        *(
            f"CREATE TRIGGER {PLANS}_work_{event} AFTER {event} ON {PLANS} BEGIN {_of_plans(rows)}; END"
            for event, rows in _ROWS_OF.items()
        ),
    ]


def _of_plans(rows: tuple[str, ...]) -> str:
    plan = " OR ".join(
        f"claim.payer_id = {row}.payer_id AND coverage.plan_group = {row}.plan_group" for row in rows
    )
    return f"{_MARK} {_HAS_PLAN.format(plan=f'({plan})')}"


def create(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Nothing before the table of plans' limits is there: claims are older than it."""
    database = schema_editor.connection
    if PLANS in database.introspection.table_names():
        for statement in _POSTGRESQL if database.vendor == "postgresql" else _sqlite():
            schema_editor.execute(statement, params=None)


def drop(schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        names = "mark_work_of_payers, mark_work_of_plans"
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {names} CASCADE", params=None)
        return
    for name in (f"{PAYERS}_work", *(f"{PLANS}_work_{event}" for event in _ROWS_OF)):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}", params=None)
