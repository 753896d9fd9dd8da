"""Who may do what: every role, as data. A permission named here must be declared by some model's Meta."""

from dataclasses import dataclass
from enum import StrEnum


class Sees(StrEnum):
    """Whose rows a role is shown."""

    OWN_DEPARTMENTS = "own departments"
    EVERYTHING = "all departments"
    NOTHING = "none"


@dataclass(frozen=True)
class Role:
    key: str
    label: str
    about: str
    sees: Sees
    permissions: frozenset[str]
    phi_masked: bool = False


def _role(key: str, label: str, about: str, sees: Sees, *permissions: str, phi_masked: bool = False) -> Role:
    return Role(key, label, about, sees, frozenset(permissions), phi_masked)


# Permissions that several roles share, in the order in which the roles build on one another.
LOOK = (
    "analytics.view_dashboard",
    "analytics.add_report",
    "claims.view_claim",
    "claims.view_underpaymentproject",
)
PURSUE = "claims.change_underpaymentproject"  # with its payer
WORK = (
    *LOOK,
    "claims.assess_patients",
    "claims.add_claim",
    "claims.change_claim",
    "claims.add_import",
    "claims.view_import",
    "claims.view_remittance",
    "claims.view_worklist",
)
TEAM = (
    *WORK,
    PURSUE,
    "claims.change_worklist",
    "accounts.view_team",
    "accounts.use_api",
    "claims.view_providertotal",
    "claims.add_review",
    "claims.change_writeoff",
    "claims.change_payback",
    "analytics.view_alert",
    "analytics.change_alert",
    "analytics.change_alertrule",
    "analytics.view_delivery",
    "analytics.add_schedule",
)
# What administrators add and change in the admin, of the claims app.
OVERSEEN = ("alertrule", "webhook", "report", "schedule")  # … and of the analytics app
EDITED = ("claim", "claimline", "payer", "payeralias", "provider", "feeschedule", "planlimit")

ROLES: dict[str, Role] = {
    role.key: role
    for role in (
        _role(
            "biller", "Biller", "Works the claims of their departments.", Sees.OWN_DEPARTMENTS, *WORK, PURSUE
        ),
        _role(
            "coder",
            "Coder",
            "Codes and corrects the claims of their departments.",
            Sees.OWN_DEPARTMENTS,
            *WORK,
        ),
        _role(
            "ar_agent",
            "A/R agent",
            "Follows up what payers owe their departments.",
            Sees.OWN_DEPARTMENTS,
            *WORK,
            PURSUE,
        ),
        _role(
            "manager",
            "Manager",
            "Leads a team: its numbers, its denials, its alerts.",
            Sees.OWN_DEPARTMENTS,
            *TEAM,
        ),
        _role(
            "director",
            "Director",
            "Sees every department's reports and forecasts.",
            Sees.EVERYTHING,
            *TEAM,
            "claims.view_outboxmessage",
        ),
        _role(
            "analyst",
            "Analyst",
            "Takes numbers out through the API and exports; patients stay masked.",
            Sees.EVERYTHING,
            *LOOK,
            "accounts.use_api",
            "claims.view_providertotal",
            "analytics.view_alert",
            "analytics.add_schedule",
            phi_masked=True,
        ),
        _role(
            "admin",
            "Administrator",
            "Keeps users, departments, payers and claims in order.",
            Sees.EVERYTHING,
            *TEAM,
            "accounts.use_admin",
            "accounts.view_user",
            "accounts.add_user",
            "accounts.change_user",
            "accounts.view_department",
            "accounts.add_department",
            "accounts.change_department",
            "accounts.delete_department",
            "accounts.view_auditentry",
            "accounts.view_style_guide",
            "accounts.view_operations",
            *(f"claims.{verb}_{noun}" for noun in EDITED for verb in ("view", "add", "change")),
            *(
                f"analytics.{verb}_{noun}"
                for noun in OVERSEEN
                for verb in ("view", "add", "change", "delete")
            ),
            "claims.delete_payeralias",
            "claims.delete_claimline",
            "claims.delete_feeschedule",
            "claims.delete_planlimit",
            "claims.change_remittance",
            "claims.view_adjustment",
            "claims.view_claimpayment",
            "claims.view_claimevent",
            "claims.view_ledgerentry",
            "claims.view_outboxmessage",
            "claims.change_outboxmessage",
            "claims.view_importchunk",
            "claims.view_idempotencykey",
        ),
        _role(
            "auditor",
            "Auditor",
            "Reads the audit trail, and nothing else.",
            Sees.NOTHING,
            "accounts.read_audit_trail",
            phi_masked=True,
        ),
    )
}

CHOICES = [(role.key, role.label) for role in ROLES.values()]
NO_ROLE = Role("", "No role", "May sign in and see their own profile.", Sees.NOTHING, frozenset(), True)


def role_of(key: str) -> Role:
    """A role that was since taken out of this file allows nothing."""
    return ROLES.get(key, NO_ROLE)
