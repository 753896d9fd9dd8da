"""Rules about the site itself; besides whom they name they are told to SYSTEM_ALERT_ADDRESSES."""

from django.db import migrations

HOUR, QUARTER = 60, 15

SHIPPED = {
    "slow_answers": {
        "name": "Answers take more than 5 seconds",
        "condition": "above",
        "limit": 5,
        "clears_at": 2,
        "minimum_n": 50,
        "runbook": "1. /metrics and the log (event=request, by ms) name the routes that are slow.\n"
        "2. Is the database busy? Look for long statements, and for files that are being taken in.\n"
        "3. Is the machine short of processors or memory? Add web processes (WEB_CONCURRENCY) or a machine.",
    },
    "failed_answers": {
        "name": "More than 1% of requests fail",
        "condition": "above",
        "limit": 1,
        "clears_at": 0.5,
        "minimum_n": 50,
        "severity": "critical",
        "runbook": "1. The log's lines with level=error name the route and the error of each.\n"
        "2. 503 means that the database or Redis is out of reach: see /health.\n"
        "3. Did it begin with a new version? Go back to the one before.",
    },
    "free_disk": {
        "name": "Less than 10% of the disk is free",
        "condition": "below",
        "limit": 10,
        "clears_at": 12,
        "severity": "critical",
        "runbook": "1. See what takes the room: du -xh --max-depth=2 on the volumes of VAR_DIR and the database.\n"
        "2. Old backups and logs go first; files that were taken in are kept for IMPORT_KEEP_DAYS.\n"
        "3. Make the volume larger before it is full: then nothing can be taken in any more.",
    },
    "mail_age": {
        "name": "Mail waits for more than 10 minutes",
        "condition": "above",
        "limit": 10,
        "runbook": "1. Does the mail server answer where EMAIL_URL says? The log has mail_server_unreachable if not.\n"
        "2. Is a worker running? See /health.\n"
        "3. Nothing is lost: what waits is sent when both are back, this message too.",
    },
    "payments_age": {
        "name": "Net fees wait for more than 10 minutes",
        "condition": "above",
        "limit": 10,
        "severity": "critical",
        "runbook": "1. Is the payments worker running? See /health.\n"
        "2. Does the payments side take calls where PAYMENTS_WEBHOOK_URL says?\n"
        "3. Nothing is lost or booked twice: what waits is delivered when both are back.",
    },
    "imports_age": {
        "name": "A file waits for more than 10 minutes to be read",
        "condition": "above",
        "limit": 10,
        "runbook": "1. Is a worker running? See /health.\n"
        "2. Are others being read that take long? As many as IMPORTS_AT_ONCE are read at a time.\n"
        "3. The page of imports says how far each is; one that stands still can be stopped there.",
    },
    "exports_age": {
        "name": "A file or report waits for more than 10 minutes to be made",
        "condition": "above",
        "limit": 10,
        "runbook": "1. Is a worker running? See /health.\n"
        "2. Are others being made that take long? Each worker makes one after the other: add a worker.",
    },
    "worker_silent": {
        "name": "No worker has shown life for 5 minutes",
        "condition": "above",
        "limit": 5,
        "clears_at": 2,
        "severity": "critical",
        "runbook": "1. Is its process or container running? Start it again; it goes on where it was.\n"
        "2. Does the broker answer where CELERY_BROKER_URL says? See /health.\n"
        "3. Until then imports, mail and reports wait; nothing is lost.",
    },
    "payments_worker_silent": {
        "name": "The payments worker has not shown life for 5 minutes",
        "condition": "above",
        "limit": 5,
        "clears_at": 2,
        "severity": "critical",
        "runbook": "1. Is its process or container running? Start it again; it goes on where it was.\n"
        "2. Until then net fees wait in the outbox; nothing is lost or booked twice.",
    },
    "beat_silent": {
        "name": "The scheduler has not shown life for 5 minutes",
        "condition": "above",
        "limit": 5,
        "clears_at": 2,
        "severity": "critical",
        "runbook": "1. Is its process or container running? Start it again: it looks up all that was missed.\n"
        "2. One is enough; a second one does no harm.",
    },
    "backup_age": {
        "name": "The last backup is more than 26 hours old",
        "condition": "above",
        "limit": 26,
        "every": HOUR,
        "severity": "critical",
        "runbook": "1. Look at what makes the backups: did it run, and did it end well?\n"
        "2. It must touch the file that BACKUP_MARK names after each that ended well.\n"
        "3. Make one by hand now, and try to restore it.",
    },
    "database_lost": {
        "name": "The database was lost",
        "condition": "above",
        "limit": 0,
        "severity": "critical",
        "runbook": "1. Is the database server running, and does it listen where DATABASE_URL says?\n"
        "2. Is its disk full, or has its password changed?\n"
        "3. Nothing needs to be started again when it is back.",
    },
}
ALL = {"every": QUARTER, "window_days": 1, "minimum_n": 0, "cool_down_minutes": 30, "is_about_site": True}


def ship(apps, schema_editor):
    rules = apps.get_model("analytics", "AlertRule").objects
    for key, fields in SHIPPED.items():
        rules.get_or_create(shipped_as=key, defaults={"watches": key, "roles": ["admin"]} | ALL | fields)


def take_back(apps, schema_editor):
    apps.get_model("analytics", "AlertRule").objects.filter(shipped_as__in=SHIPPED).delete()


class Migration(migrations.Migration):
    dependencies = [("analytics", "0013_shipped_rules")]

    operations = [migrations.RunPython(ship, take_back)]
