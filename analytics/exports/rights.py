"""What somebody may take out, at this moment."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.access import may
from accounts.models import Department, User

from ..models import Export
from ..reports.files import EVER_NEEDED
from .asking import parameters
from .kinds import KINDS


@dataclass(frozen=True)
class Rights:
    """What somebody may take out: whose claims (none: everybody's), and with patients or not."""

    departments: frozenset[int] | None
    has_patients: bool
    permissions: frozenset[str] = frozenset()

    def cover(self, export: Export) -> bool:
        """Whether all that is in the file may still be seen."""
        if export.has_patients and not self.has_patients:
            return False
        if not self.permissions.issuperset(KINDS[export.kind].needs(parameters(export))):
            return False
        if self.departments is None:
            return True
        return export.departments is not None and self.departments >= set(export.departments)


def rights_of(user_id: int, kind: str) -> Rights | None:
    """As they are at this moment; none for somebody who is locked out or lost the list."""
    user = User.objects.filter(pk=user_id).first()
    if user is None or kind not in KINDS or not may(user, KINDS[kind].access):
        return None
    departments = None
    if not user.sees_everything:
        departments = frozenset(Department.objects.visible_to(user).values_list("pk", flat=True))
    return Rights(
        departments, not user.phi_masked, frozenset(each for each in EVER_NEEDED if may(user, each))
    )
