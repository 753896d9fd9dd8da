"""The database itself refuses to change or delete what the audit trail holds."""

from django.db import migrations

TABLES = ["accounts_auditentry", "accounts_auditseal"]

POSTGRESQL = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    has_rows boolean;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', TG_TABLE_NAME) INTO has_rows;
        IF NOT has_rows THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;
"""
POSTGRESQL_TABLE = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_change();
"""
SQLITE_TABLE = """
CREATE TRIGGER {table}_refuse_{event} BEFORE {event} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""


def guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)
        for table in TABLES:
            schema_editor.execute(POSTGRESQL_TABLE.format(table=table), params=None)
    else:
        for table in TABLES:
            for event in ("UPDATE", "DELETE"):
                schema_editor.execute(SQLITE_TABLE.format(table=table, event=event))


def lift(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION refuse_change CASCADE")
    else:
        for table in TABLES:
            for event in ("UPDATE", "DELETE"):
                schema_editor.execute(f"DROP TRIGGER {table}_refuse_{event}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunPython(guard, lift)]
