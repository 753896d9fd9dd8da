"""Who judges what a patient complains of: assessors that can be exchanged, and the rules of this site.

An assessor is a function from symptoms to an `Assessed`; `TRIAGE_ASSESSOR` names the one in use. The rules
here read English phrases and know when one is denied. Where a sentence can be read both ways, they take the
patient to have the symptom: a needless call costs less than a missed one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Step:
    """One thing that an assessor looked at, and what it made of it."""

    rule: str
    finding: str


@dataclass(frozen=True)
class Assessed:
    assessor: str
    version: str
    conclusion: str
    risk_score: Decimal
    is_urgent: bool
    trace: tuple[Step, ...]


Assessor = Callable[[str], Assessed]


def assessor_in_use() -> Assessor:
    return import_string(settings.TRIAGE_ASSESSOR)


# The rules ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    conclusion: str
    risk_score: Decimal
    is_urgent: bool
    symptoms: tuple[str, ...]


SYMPTOMS = {
    "chest pain": r"chest\s+pains?",
    "shortness of breath": r"short(?:ness)?\s+of\s+breath",
    "fever": r"fever(?:s|ish)?",
    "cough": r"cough(?:s|ing)?",
}
RULES = (
    Rule("Urgent review", Decimal("0.95"), True, ("chest pain", "shortness of breath")),
    Rule("Routine clinical review", Decimal("0.55"), False, ("fever", "cough")),
)
OTHERWISE = Rule("Low acuity", Decimal("0.20"), False, ())

ANY_SYMPTOM = "|".join(SYMPTOMS.values())
# What denies the symptoms behind it, and the words that may stand between the two.
DENIAL = r"\b(?:no|not|never|den(?:y|ies|ied|ying)|without|negative\s+for|\w+n['’]t)\b"
BETWEEN = (
    r"(?:any|have|having|has|had|report(?:s|ed|ing)?|experienc(?:e|es|ed|ing)|feel(?:s|ing)?|complain(?:s|ing)?"
    r"|history|signs?|symptoms?|evidence|further|new|current|significant|of|the|a|an)"
)
# A list goes on behind a comma only with symptoms that stand there bare: in "no cough, chest pain since
# Monday" the second part is a sentence of its own.
BARE = rf"(?:any\s+)?(?:{ANY_SYMPTOM})"
DENIED_LIST = re.compile(
    rf"{DENIAL}\s+(?:{BETWEEN}\s+)*(?:{ANY_SYMPTOM})"
    rf"(?:\s*,?\s*(?:and|or|nor)\s+{BARE}|\s*,\s*{BARE}(?=\s*(?:[,.;!?\n]|$|(?:and|or|nor|but)\b)))*"
)
DENIED_AFTER = re.compile(
    rf"(?:{ANY_SYMPTOM})\s*(?::|is|was|are|were)?\s*(?:denied|absent|negative|ruled\s+out)\b"
)


def by_rules(symptoms: str) -> Assessed:
    """The first rule with a symptom that the patient has and does not deny."""
    text = symptoms.lower()
    denied = [match.span() for pattern in (DENIED_LIST, DENIED_AFTER) for match in pattern.finditer(text)]
    findings = {name: _finding(pattern, text, denied) for name, pattern in SYMPTOMS.items()}
    rule = next(
        (rule for rule in RULES if any(findings[name] == "present" for name in rule.symptoms)), OTHERWISE
    )
    trace = (
        *(Step(name, finding) for name, finding in findings.items()),
        Step("conclusion", rule.conclusion),
    )
    return Assessed("rules", "1", rule.conclusion, rule.risk_score, rule.is_urgent, trace)


def _finding(pattern: str, text: str, denied: list[tuple[int, int]]) -> str:
    """Present if one mention of it stands outside everything that is denied."""
    mentions = [match.span() for match in re.finditer(rf"\b(?:{pattern})\b", text)]
    if not mentions:
        return "not mentioned"
    return "present" if any(not _within(mention, denied) for mention in mentions) else "denied"


def _within(span: tuple[int, int], ranges: list[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in ranges)
