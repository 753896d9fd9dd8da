"""What an adjustment means: a denial, a contractual reduction, the patient's share, and which work it makes.

An adjustment is read by its group and its reason (CARC) together: most reasons appear under several groups.
The words are ours, not the code list's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

from ..models import Claim
from .denial_codes import CATEGORY_BY_REMARK, CONTRACTUAL, COST_SHARING, DENIALS, NEUTRAL, PHRASES

Category = Claim.Category


class Kind(StrEnum):
    CONTRACTUAL = "contractual"  # agreed with the payer: nobody is asked for it
    PATIENT = "patient"
    DENIAL = "denial"
    OTHER = "other"


def kind_of(group: str, carc: str) -> Kind:
    """What an adjustment of this group and reason is."""
    if carc in DENIALS:
        return Kind.DENIAL
    if group == "PR":
        return Kind.PATIENT
    if carc in CONTRACTUAL:
        return Kind.CONTRACTUAL if group in ("CO", "PI", "CR") else Kind.OTHER
    if carc in COST_SHARING or carc in NEUTRAL or group == "OA":
        return Kind.OTHER
    return Kind.DENIAL  # a reason that this list does not know keeps the provider's money


def category_of(group: str, carc: str, rarcs: Iterable[str] = ()) -> Category:
    """What a denial is worked by; none when it is no denial. A vague reason is told by its remarks."""
    if kind_of(group, carc) != Kind.DENIAL:
        return Category.NONE
    category = Category(DENIALS[carc].category) if carc in DENIALS else Category.OTHER
    if category in (Category.DOCUMENTATION, Category.OTHER):
        for remark in rarcs:
            if remark in CATEGORY_BY_REMARK:
                return Category(CATEGORY_BY_REMARK[remark])
    return category


def words(group: str, carc: str) -> str:
    """An adjustment in plain words, with who bears it."""
    known = DENIALS.get(carc) or CONTRACTUAL.get(carc) or COST_SHARING.get(carc) or NEUTRAL.get(carc)
    meaning = known.words if known else f"Reason {carc}"
    return f"{meaning} ({BORNE_BY[group]})" if group in BORNE_BY else meaning


BORNE_BY = {
    "CO": "by contract, not the patient's to pay",
    "PR": "the patient's to pay",
    "OA": "neither contract nor patient",
    "PI": "the payer's own reduction",
    "CR": "correction of an earlier decision",
}

_CODE = re.compile(r"(?:\b(?:CO|PR|OA|PI|CR|CARC|REASON|CODE)[\s:#-]*)([A-Z]?[0-9]{1,3})\b")
_BARE_CODE = re.compile(r"[A-Z]?[0-9]{1,3}")
_PHRASES: list[tuple[Callable[[str], re.Match[str] | None], Category]] = [
    (re.compile(pattern).search, Category(category)) for pattern, category in PHRASES
]


def category_of_text(text: str) -> Category:
    """What people work a denial by, from what somebody wrote as its reason: a code, words, or both."""
    plain = " ".join(text.upper().split())
    if not plain:
        return Category.NONE
    codes = [plain] if _BARE_CODE.fullmatch(plain) else _CODE.findall(plain)
    for code in codes:
        if code in DENIALS and DENIALS[code].category != Category.OTHER:
            return Category(DENIALS[code].category)
    for matches, category in _PHRASES:
        if matches(plain):
            return category
    return Category.OTHER
