"""The database's own notes of which claims' work has to be valued again, by whatever way they were changed.

Marks are only ever appended, so that nobody waits for anybody else's. `provider_triggers` creates and drops
these with its own, so a migration that alters claims has both back.
"""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MARKS = "claims_workmark"
# What of a claim its work depends on.
COLUMNS = (
    *("status", "payer_id", "denial_category", "at_intake", "submitted_on", "service_to", "decided_on"),
    "department_id",
    *("charge", "paid", "adjusted", "written_off", "expected", "patient_share"),
)
_INSERT = f"INSERT INTO {MARKS} (claim_id)"
# A claim that comes in is work while it is open; one that was paid is looked at, too.
_IS_WORK = "status NOT IN ('void', 'written_off')"
_BEFORE, _AFTER = (", ".join(f"{row}.{name}" for name in COLUMNS) for row in ("before", "after"))

_POSTGRESQL = (
    f"""
CREATE FUNCTION mark_work() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        {_INSERT} SELECT id FROM new_claims WHERE {_IS_WORK};
    ELSE
        EXECUTE $sql$
            {_INSERT} SELECT id FROM old_claims AS before JOIN new_claims AS after USING (id)
            WHERE ({_BEFORE}) IS DISTINCT FROM ({_AFTER})
        $sql$;
    END IF;
    RETURN NULL;
END
$function$;
""",  # noqa: S608 - names of our own
    """
CREATE TRIGGER mark_work_insert AFTER INSERT ON claims_claim REFERENCING NEW TABLE AS new_claims
FOR EACH STATEMENT EXECUTE FUNCTION mark_work();
""",
    """
CREATE TRIGGER mark_work_update AFTER UPDATE ON claims_claim
REFERENCING OLD TABLE AS old_claims NEW TABLE AS new_claims
FOR EACH STATEMENT EXECUTE FUNCTION mark_work();
""",
)
_SQLITE = {
    "insert": f"NEW.{_IS_WORK}",
    "update": " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in COLUMNS),
}
_SQLITE_TRIGGER = """
CREATE TRIGGER claims_claim_work_{event} AFTER {event} ON claims_claim WHEN {condition}
BEGIN {insert} VALUES (NEW.id); END
"""


def _sqlite() -> list[str]:
    return [
        _SQLITE_TRIGGER.format(event=event, condition=condition, insert=_INSERT)
        for event, condition in _SQLITE.items()
    ]


def create(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Nothing before the table of marks is there: claims are older than it."""
    database = schema_editor.connection
    if MARKS in database.introspection.table_names():
        for statement in _POSTGRESQL if database.vendor == "postgresql" else _sqlite():
            schema_editor.execute(statement, params=None)


def drop(schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS mark_work CASCADE", params=None)
        return
    for event in _SQLITE:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS claims_claim_work_{event}", params=None)
