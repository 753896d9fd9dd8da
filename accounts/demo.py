"""People to try the site with: one for each role, and their colleagues. Never made in production."""

from __future__ import annotations

from django.db import transaction

from . import audit
from .models import Department, User
from .roles import ROLES

PASSWORD = "correct-horse-battery"  # noqa: S105 - printed on start, and never created in production
DEPARTMENTS = [
    *("Cardiology", "Dental", "Emergency", "Imaging", "Oncology"),
    *("Orthopaedics", "Paediatrics", "Physiotherapy", "Primary Care", "Surgery"),
]
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
# Their colleagues do the work that the demo shows; nobody signs in as them.
COLLEAGUES: dict[str, dict[str, list[str]]] = {
    "biller": {
        "Hana Petrov": ["Dental"],
        "Luis Moreno": ["Emergency"],
        "Grace Adeyemi": ["Oncology", "Surgery"],
        "Piotr Zielinski": ["Orthopaedics", "Physiotherapy"],
        "Mei Tanaka": ["Paediatrics", "Primary Care"],
        "Owen Clarke": ["Emergency", "Surgery"],
    },
    "coder": {
        "Sofia Lindqvist": ["Emergency", "Oncology", "Surgery"],
        "Raj Patel": ["Imaging", "Orthopaedics", "Physiotherapy"],
        "Elena Rossi": ["Dental", "Paediatrics", "Primary Care"],
    },
    "ar_agent": {
        "Nadia Haddad": ["Cardiology", "Imaging"],
        "Victor Osei": ["Cardiology"],
        "Leila Farouk": ["Dental"],
        "Jonas Berg": ["Emergency"],
        "Carmen Vidal": ["Emergency", "Primary Care"],
        "Theo Martin": ["Oncology", "Surgery"],
        "Priya Nair": ["Surgery"],
        "Marek Novotny": ["Orthopaedics", "Physiotherapy"],
        "Aisha Bello": ["Paediatrics", "Primary Care"],
    },
    "manager": {
        "Daniel Kim": ["Emergency", "Oncology", "Surgery"],
        "Ruth Okafor": ["Dental", "Orthopaedics", "Paediatrics", "Physiotherapy", "Primary Care"],
    },
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
    for role, colleagues in COLLEAGUES.items():
        for name, member_of in colleagues.items():
            email = f"{name.lower().replace(' ', '.')}@demo.example"
            colleague = User.objects.create_user(email, name=name, role=role)
            colleague.departments.set(departments[each] for each in member_of)
    audit.record("seed_demo", "demo.seeded", people=User.objects.count(), departments=len(departments))
    return True


def people_by_role() -> dict[str, User]:
    """Who signs in as each role, of those who are here."""
    roles = {name: role for role, (name, _) in PEOPLE.items()}
    return {roles[each.name]: each for each in User.objects.filter(name__in=roles)}
