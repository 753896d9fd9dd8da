"""The database's own bookkeeping of providers' net fees: whatever writes a line or voids a claim is counted.

A line counts when its net fee and provider are known and its claim is not void. Django remakes a table on
SQLite to alter it, and the triggers would be lost: a migration that alters claims or their lines calls `drop`
before and `create` after. The marks of claims that have to be valued again, and of events that rules have not
looked at, come and go with them.
"""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from .automation import event_triggers
from .worklists import limit_triggers, work_triggers

# PostgreSQL: a statement appends the sums of its changes, so that writers never wait for one another.
#
# Claims are locked, shared, because a line may come in while its claim is being voided: whoever is second
# must see what the first has done. Thousands of lines are planned anew, by the rows at hand: a plan made for
# them and kept would read the whole table of claims for one line. For a handful, planning would cost five
# times what the work does, so these go claim by claim, by plans that suit any number of claims.
_LINES_FUNCTION = """
CREATE OR REPLACE FUNCTION count_lines() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    one uuid;
    stands text;
    was constant text := 'SELECT claim_id, provider_id, net_fee, -1 AS sign FROM old_lines';
    is_now constant text := 'SELECT claim_id, provider_id, net_fee, 1 AS sign FROM new_lines';
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (SELECT count(*) FROM (SELECT FROM new_lines LIMIT 17) AS first) < 17 THEN
            FOR one IN SELECT DISTINCT claim_id FROM new_lines ORDER BY claim_id LOOP
                SELECT status INTO stands FROM claims_claim WHERE id = one FOR SHARE;
                INSERT INTO claims_providerchange (provider_id, net_fee, lines)
                SELECT provider_id, sum(net_fee), count(*) FROM new_lines
                WHERE claim_id = one AND provider_id IS NOT NULL AND net_fee IS NOT NULL
                AND stands IS DISTINCT FROM 'void' GROUP BY provider_id;
            END LOOP;
            RETURN NULL;
        END IF;
    END IF;
    EXECUTE format(
        'WITH changed AS MATERIALIZED (%s), held AS MATERIALIZED (
            SELECT id, status FROM claims_claim
            WHERE id IN (SELECT DISTINCT claim_id FROM changed) ORDER BY id FOR SHARE
        )
        INSERT INTO claims_providerchange (provider_id, net_fee, lines)
        SELECT provider_id, sum(sign * net_fee), sum(sign)
        FROM changed LEFT JOIN held ON held.id = claim_id
        WHERE provider_id IS NOT NULL AND net_fee IS NOT NULL AND status IS DISTINCT FROM ''void''
        GROUP BY provider_id HAVING sum(sign) <> 0 OR sum(sign * net_fee) <> 0',
        CASE TG_OP WHEN 'INSERT' THEN is_now WHEN 'DELETE' THEN was ELSE
            -- What a statement writes without changing it is nobody's business.
            format('(%1$s EXCEPT ALL %2$s) UNION ALL (%3$s EXCEPT ALL %4$s)',
                was, replace(is_now, '1 AS', '-1 AS'), is_now, replace(was, '-1 AS', '1 AS'))
        END
    );
    RETURN NULL;
END
$function$;
"""
_LINES_TRIGGER = """
CREATE TRIGGER count_{event} AFTER {event} ON claims_claimline REFERENCING {tables}
FOR EACH STATEMENT EXECUTE FUNCTION count_lines();
"""
_TABLES = {
    "INSERT": "NEW TABLE AS new_lines",
    "UPDATE": "OLD TABLE AS old_lines NEW TABLE AS new_lines",
    "DELETE": "OLD TABLE AS old_lines",
}
_VOID_FUNCTION = """
CREATE FUNCTION count_voided() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign integer;
    claim uuid;
BEGIN
    IF TG_OP = 'DELETE' THEN
        claim := OLD.id;
        sign := 1;
    ELSE
        claim := NEW.id;
        sign := CASE WHEN NEW.status = 'void' THEN -1 ELSE 1 END;
    END IF;
    INSERT INTO claims_providerchange (provider_id, net_fee, lines)
    SELECT provider_id, sign * sum(net_fee), sign * count(*) FROM claims_claimline
    WHERE claim_id = claim AND provider_id IS NOT NULL AND net_fee IS NOT NULL GROUP BY provider_id;
    RETURN NULL;
END
$$;
"""
_EMPTY_FUNCTION = """
CREATE FUNCTION count_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM claims_providerchange;
    DELETE FROM claims_providertotal;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_truncate AFTER TRUNCATE ON claims_claimline EXECUTE FUNCTION count_nothing();
"""

# When a claim becomes void or ceases to be. One that is not there yet, or no more, counts as not void.
_VOIDED = {
    "insert": "NEW.status = 'void'",
    "update": "(OLD.status = 'void') <> (NEW.status = 'void')",
    "delete": "OLD.status = 'void'",
}
_VOID_TRIGGER = """
CREATE TRIGGER count_voided_{event} AFTER {event} ON claims_claim
FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION count_voided();
"""

# SQLite: writers take turns anyway, so the totals themselves are kept.
_SQLITE_LINES = """
CREATE TRIGGER claims_claimline_count_{event} AFTER {event} ON claims_claimline
BEGIN {steps} END
"""
_SQLITE_CAME = """
    INSERT INTO claims_providertotal (provider_id, net_fee, lines) SELECT NEW.provider_id, 0, 0
    WHERE {counts} AND NOT EXISTS (SELECT 1 FROM claims_providertotal WHERE provider_id = NEW.provider_id);
    UPDATE claims_providertotal SET net_fee = net_fee + NEW.net_fee, lines = lines + 1
    WHERE provider_id = NEW.provider_id AND {counts};
"""
_SQLITE_GONE = """
    UPDATE claims_providertotal SET net_fee = net_fee - OLD.net_fee, lines = lines - 1
    WHERE provider_id = OLD.provider_id AND {counts};
    DELETE FROM claims_providertotal WHERE provider_id = OLD.provider_id AND lines = 0;
"""
_SQLITE_COUNTS = """
    {row}.provider_id IS NOT NULL AND {row}.net_fee IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM claims_claim WHERE id = {row}.claim_id AND status = 'void')
"""
_SQLITE_VOID = """
CREATE TRIGGER claims_claim_count_voided_{event} AFTER {event} ON claims_claim WHEN {condition}
BEGIN
    INSERT INTO claims_providertotal (provider_id, net_fee, lines)
    SELECT DISTINCT provider_id, 0, 0 FROM claims_claimline WHERE claim_id = {row}.id
    AND provider_id IS NOT NULL AND net_fee IS NOT NULL
    AND provider_id NOT IN (SELECT provider_id FROM claims_providertotal);
    UPDATE claims_providertotal SET
        net_fee = net_fee + {sign} * (
            SELECT sum(net_fee) FROM claims_claimline
            WHERE claim_id = {row}.id AND provider_id = claims_providertotal.provider_id
        ),
        lines = lines + {sign} * (
            SELECT count(net_fee) FROM claims_claimline
            WHERE claim_id = {row}.id AND provider_id = claims_providertotal.provider_id
        )
    WHERE provider_id IN (
        SELECT provider_id FROM claims_claimline WHERE claim_id = {row}.id AND net_fee IS NOT NULL
    );
END
"""


_EVERYTHING = """
INSERT INTO claims_providertotal (provider_id, net_fee, lines)
SELECT line.provider_id, sum(line.net_fee), count(*)
FROM claims_claimline line JOIN claims_claim claim ON claim.id = line.claim_id
WHERE line.provider_id IS NOT NULL AND line.net_fee IS NOT NULL AND claim.status <> 'void'
GROUP BY line.provider_id
"""


def create(schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for sql in _postgresql():
            schema_editor.execute(sql, params=None)
    else:
        for sql in _sqlite():
            schema_editor.execute(sql, params=None)
    work_triggers.create(schema_editor)
    limit_triggers.create(schema_editor)
    event_triggers.create(schema_editor)


def count_handfuls(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For databases whose function is from before handfuls of lines had a way of their own."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_LINES_FUNCTION, params=None)


def count_everything(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Count lines that came in while there was no trigger, where no provider has a total yet."""
    schema_editor.execute(_EVERYTHING, params=None)


def drop(schema_editor: BaseDatabaseSchemaEditor) -> None:
    event_triggers.drop(schema_editor)
    limit_triggers.drop(schema_editor)
    work_triggers.drop(schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION count_lines, count_voided, count_nothing CASCADE", params=None)
        return
    for event in _VOIDED:
        schema_editor.execute(f"DROP TRIGGER claims_claimline_count_{event}", params=None)
        schema_editor.execute(f"DROP TRIGGER claims_claim_count_voided_{event}", params=None)


def _postgresql() -> list[str]:
    return [
        _LINES_FUNCTION,
        *(_LINES_TRIGGER.format(event=event, tables=tables) for event, tables in _TABLES.items()),
        _VOID_FUNCTION,
        *(_VOID_TRIGGER.format(event=event, condition=condition) for event, condition in _VOIDED.items()),
        _EMPTY_FUNCTION,
    ]


def _sqlite() -> list[str]:
    gone = _SQLITE_GONE.format(counts=_SQLITE_COUNTS.format(row="OLD"))
    came = _SQLITE_CAME.format(counts=_SQLITE_COUNTS.format(row="NEW"))
    steps = {"insert": came, "update": gone + came, "delete": gone}
    signs = {
        "insert": "-1",
        "update": "(CASE WHEN NEW.status = 'void' THEN -1 ELSE 1 END)",
        "delete": "1",
    }
    return [
        *(_SQLITE_LINES.format(event=event, steps=each) for event, each in steps.items()),
        *(
            _SQLITE_VOID.format(
                event=event,
                condition=condition,
                sign=signs[event],
                row="OLD" if event == "delete" else "NEW",
            )
            for event, condition in _VOIDED.items()
        ),
    ]
