"""Rules to begin with; people change them, switch them off or delete them as they like."""

from django.db import migrations

HOUR, QUARTER, DAY = 60, 15, 1440

SHIPPED = {
    "denial_rate_by_payer": {
        "name": "Denial rate of a payer",
        "watches": "denial_rate",
        "each": "payer",
        "condition": "above",
        "limit": 15,
        "clears_at": 13,
        "minimum_n": 50,
        "roles": ["director"],
        "runbook": "Look at the reasons on the denials page, of this payer alone. If one of them is new, "
        "correct what causes it before more claims go out, then appeal or rebill.",
    },
    "denial_rate_by_department": {
        "name": "Denial rate of a department",
        "watches": "denial_rate",
        "each": "department",
        "condition": "above",
        "limit": 15,
        "clears_at": 13,
        "minimum_n": 50,
        "tells_managers": True,
        "runbook": "Look at the reasons on the denials page, of this department alone, and at which of them "
        "come from what is written down or coded here.",
    },
    "average_days_to_pay": {
        "name": "Average days to pay",
        "watches": "average_days_to_pay",
        "condition": "above",
        "limit": 40,
        "clears_at": 38,
        "minimum_n": 50,
        "every": DAY,
        "roles": ["director"],
        "runbook": "See on the payers page who takes longer than before, and ask after claims without an "
        "answer in 30 days.",
    },
    "aged_ar_over_90": {
        "name": "A/R over 90 days",
        "watches": "aged_ar_over_90",
        "condition": "above",
        "limit": 20,
        "clears_at": 18,
        "minimum_n": 50,
        "every": DAY,
        "roles": ["director"],
        "runbook": "Work the list “Unpaid for over 90 days”, the largest balances first.",
    },
    "clean_claim_rate": {
        "name": "Clean claim rate",
        "watches": "clean_claim_rate",
        "condition": "below",
        "limit": 95,
        "clears_at": 96,
        "minimum_n": 50,
        "roles": ["director"],
        "runbook": "Work the list “Rejected at intake”. Many rejections for one reason point to a wrong "
        "setting or code list.",
    },
    "staff_error_rate": {
        "name": "Staff error rate of a department",
        "watches": "staff_error_rate",
        "each": "department",
        "condition": "above",
        "limit": 5,
        "clears_at": 4,
        "minimum_n": 20,
        "every": DAY,
        "roles": ["director"],
        "tells_managers": True,
        "runbook": "See on the staff page which kinds of errors were found, and train on the most frequent.",
    },
    "filing_at_risk": {
        "name": "Dollars at filing risk",
        "watches": "filing_at_risk",
        "condition": "above",
        "limit": 10_000,
        "clears_at": 8_000,
        "minimum_n": 0,
        "every": DAY,
        "roles": ["director"],
        "runbook": "Work the list “Timely filing at risk”, the nearest days first.",
    },
    "failed_imports": {
        "name": "Failed imports",
        "watches": "failed_imports",
        "condition": "above",
        "limit": 0,
        "minimum_n": 0,
        "window_days": 1,
        "every": QUARTER,
        "roles": ["admin"],
        "is_about_site": True,
        "runbook": "The file's page says why. Ask its sender for it again, or report it with its number.",
    },
    "dead_letters": {
        "name": "Messages that payments did not take",
        "watches": "dead_letters",
        "condition": "above",
        "limit": 0,
        "minimum_n": 0,
        "every": QUARTER,
        "severity": "critical",
        "roles": ["admin"],
        "is_about_site": True,
        "runbook": "See on the payments page why they were not taken, and send them again from there once "
        "that is put right.",
    },
    "stale_snapshots": {
        "name": "Numbers of the night are missing",
        "watches": "stale_snapshots",
        "condition": "above",
        "limit": 30,
        "minimum_n": 0,
        "roles": ["admin"],
        "is_about_site": True,
        "runbook": "See whether worker and beat run. `manage.py take_snapshots` takes what is missing.",
    },
}


def ship(apps, schema_editor):
    rules = apps.get_model("analytics", "AlertRule").objects
    for key, fields in SHIPPED.items():
        rules.get_or_create(shipped_as=key, defaults={"every": HOUR, "window_days": 30} | fields)


def take_back(apps, schema_editor):
    apps.get_model("analytics", "AlertRule").objects.filter(shipped_as__in=SHIPPED).delete()


class Migration(migrations.Migration):
    dependencies = [("analytics", "0012_stopped_mail")]

    operations = [migrations.RunPython(ship, take_back)]
