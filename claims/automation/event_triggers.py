"""The database's own notes of what happened to claims while a rule was switched on, for rules to look at.

A note comes with its event, in whatever order transactions end, and is taken away when rules have looked at
it. What a rule made happen is not noted: rules never set each other off. `provider_triggers` creates and
drops these with its own, so a migration that alters events has both back.
"""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MARKS = "claims_automationmark"
_IS_ANY = "EXISTS (SELECT 1 FROM claims_automationrule WHERE is_active)"

_POSTGRESQL = (
    f"""
CREATE FUNCTION mark_event() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    IF {_IS_ANY} THEN
        INSERT INTO {MARKS} (event_id) SELECT id FROM new_events WHERE rule_id IS NULL;
    END IF;
    RETURN NULL;
END
$function$;
""",  # noqa: S608 - names of our own
    """
CREATE TRIGGER mark_event AFTER INSERT ON claims_claimevent REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION mark_event();
""",
)
_SQLITE = f"""
CREATE TRIGGER claims_claimevent_mark AFTER INSERT ON claims_claimevent
WHEN NEW.rule_id IS NULL AND {_IS_ANY}
BEGIN INSERT INTO {MARKS} (event_id) VALUES (NEW.id); END
"""  # noqa: S608


def create(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Nothing before the table of marks is there: events are older than it."""
    database = schema_editor.connection
    if MARKS in database.introspection.table_names():
        for statement in _POSTGRESQL if database.vendor == "postgresql" else (_SQLITE,):
            schema_editor.execute(statement, params=None)


def drop(schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS mark_event CASCADE", params=None)
        return
    schema_editor.execute("DROP TRIGGER IF EXISTS claims_claimevent_mark", params=None)
