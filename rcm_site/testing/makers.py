"""What tests make: people and departments, with as little said as possible."""

from __future__ import annotations

from itertools import count
from typing import Any

from accounts.models import Department, User

PASSWORD = "a-good-long-password"
_numbers = count(1)


def make_department(name: str = "") -> Department:
    return Department.objects.create(name=name or f"Department {next(_numbers)}")


def make_user(role: str = "biller", *, departments: list[Department] | None = None, **fields: Any) -> User:
    number = next(_numbers)
    fields = {"email": f"{role or 'nobody'}{number}@clinic.example", "name": f"Person {number}"} | fields
    user = User.objects.create_user(
        fields.pop("email"), fields.pop("password", PASSWORD), role=role, **fields
    )
    user.departments.set(departments or [])
    return user
