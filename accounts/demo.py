"""People to try the site with: one for each role. Only an embedded installation is given them."""

from __future__ import annotations

from django.db import transaction

from . import audit
from .models import Department, User
from .roles import ROLES

PASSWORD = "correct-horse-battery"  # noqa: S105 - printed on start, and never created in production
DEPARTMENTS = ["Cardiology", "Dental", "Imaging", "Orthopaedics"]
PEOPLE = {
    "biller": ("Ana Reyes", ["Cardiology", "Imaging"]),
    "coder": ("Caleb Okoro", ["Cardiology"]),
    "ar_agent": ("Rosa Lind", ["Orthopaedics", "Dental"]),
    "manager": ("Miriam Stone", ["Cardiology", "Imaging"]),
    "director": ("Dev Sharma", []),
    "analyst": ("Ines Novak", []),
    "admin": ("Ada Winter", []),
    "auditor": ("Tom Abara", []),
}
SIGN_INS = [(ROLES[key].label, f"{key.replace('_', '.')}@demo.example", PASSWORD) for key in PEOPLE]


@transaction.atomic
def seed() -> bool:
    """Make the demo's departments and people, unless anybody is here already."""
    if User.objects.exists():
        return False
    departments = {name: Department.objects.create(name=name) for name in DEPARTMENTS}
    for (key, (name, member_of)), (_, email, password) in zip(PEOPLE.items(), SIGN_INS, strict=True):
        user = User.objects.create_user(email, password, name=name, role=key)
        user.departments.set(departments[each] for each in member_of)
    audit.record("seed_demo", "demo.seeded", people=len(PEOPLE), departments=len(departments))
    return True
