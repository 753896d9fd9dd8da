"""Where a number comes from: the page of each KPI says what its claims say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from analytics.catalogue import KPIS, Kpi, Ratio, Unit, kpi, share
from analytics.cards import Good
from analytics.drilldown import Part
from analytics.kpis import KPIS as REGISTERED
from analytics.questions import ask
from claims.models import Claim
from rcm_site.testing.makers import make_claim, make_department, make_patient, make_payer, make_user

from .histories import LAST, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def days() -> str:
    world = World(7)
    world.live(30, lambda: None)
    return f"?start=2026-03-01&end={LAST}&compare=none"


@pytest.mark.parametrize("key", REGISTERED)
def test_every_kpi_lists_the_claims_that_its_card_counts(
    client: Client, sign_in: Any, days: str, key: str
) -> None:
    sign_in("director")
    page = client.get(f"/numbers/{key}/{days}")
    assert page.status_code == 200
