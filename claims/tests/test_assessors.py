"""The rules that assess symptoms, on sentences as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.assessors import by_rules

URGENT, ROUTINE, LOW = ("Urgent review", "0.95"), ("Routine clinical review", "0.55"), ("Low acuity", "0.20")


@pytest.mark.parametrize(
    ("symptoms", "conclusion"),
    [
        ("Chest pain since this morning", URGENT),
        ("shortness of breath", URGENT),
        ("SHORT OF BREATH when climbing stairs, fever", URGENT),
        ("crushing chest\npains", URGENT),
        ("fever and cough", ROUTINE),
        ("Feverish, coughing at night", ROUTINE),
        ("ankle sprain", LOW),
        ("", LOW),
        ("feverfew tea for headaches", LOW),
        # Denied
        ("denies chest pain", LOW),
        ("Patient denies chest pain, shortness of breath or fever.", LOW),
        ("No chest pain, no fever, no cough", LOW),
        ("denied any chest pain and has had no shortness of breath", LOW),
        ("without fever or cough", LOW),
        ("negative for fever, cough, and chest pain", LOW),
        ("doesn't have chest pain", LOW),
        ("does not report a fever", LOW),
        ("chest pain: denied. Fever absent.", LOW),
        ("history of present illness: no signs of fever", LOW),
        # Denied in part
        ("denies chest pain but has shortness of breath", URGENT),
        ("denies chest pain, reports cough", ROUTINE),
        ("denies fever and reports chest pain", URGENT),
        ("No fever. Chest pain since Monday.", URGENT),
        ("no cough, chest pain since Monday", URGENT),
        ("no relief from chest pain", URGENT),
        ("no improvement; chest pain continues", URGENT),
        ("denied chest pain yesterday, chest pain today", URGENT),
        ("not only a cough", ROUTINE),
        ("cough, no fever", ROUTINE),
        ("never without chest pain", LOW),  # a known limit: two denials are read as one
    ],
)
def test_symptoms_lead_to_a_conclusion_unless_they_are_denied(
    symptoms: str, conclusion: tuple[str, str]
) -> None:
    assessed = by_rules(symptoms)
    assert (assessed.conclusion, assessed.risk_score) == (conclusion[0], Decimal(conclusion[1]))
    assert assessed.is_urgent is (conclusion == URGENT)


def test_the_trace_tells_what_each_rule_found() -> None:
    assessed = by_rules("Cough for a week, denies fever")
    assert [(step.rule, step.finding) for step in assessed.trace] == [
        ("chest pain", "not mentioned"),
        ("shortness of breath", "not mentioned"),
        ("fever", "denied"),
        ("cough", "present"),
        ("conclusion", "Routine clinical review"),
    ]


@given(st.text(max_size=300))
def test_any_text_is_assessed_alike_twice(symptoms: str) -> None:
    assert by_rules(symptoms) == by_rules(symptoms)


@given(
    st.lists(
        st.sampled_from(["no ", "denies ", "chest pain", ", ", "or ", "fever ", "of ", "any "]), max_size=400
    )
)
def test_no_text_makes_the_rules_slow(parts: list[str]) -> None:
    by_rules("".join(parts))
