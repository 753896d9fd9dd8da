"""Messages about net fees as the payments side reads them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from claims.downstream import outbox
from claims.models import ClaimLine, OutboxMessage
from rcm_site.testing.makers import make_claim, make_patient

pytestmark = pytest.mark.django_db

SCHEMA = json.loads((Path(outbox.__file__).parent / "message_schema.json").read_text())


def valid_body(message: OutboxMessage | None) -> dict[str, Any]:
    assert message
    message.refresh_from_db()
    body = json.loads(json.dumps(outbox.body_of(message)))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(body, SCHEMA, format_checker=jsonschema.FormatChecker())
    return body


def test_an_accepted_claim_is_told_with_each_providers_share() -> None:
    claim = make_claim(fees=[("1234567893", "10.10"), ("1000000004", "5.05"), ("1234567893", "1.00")])
    body = valid_body(outbox.tell(claim, OutboxMessage.Reason.ACCEPTED))
    assert body == {
        "version": 1,
        "id": body["id"],
        "claim_id": str(claim.pk),
        "reason": "accepted",
        "net_fee": "16.15",
        "currency": "USD",
        "providers": [
            {"npi": "1000000004", "net_fee": "5.05"},
            {"npi": "1234567893", "net_fee": "11.10"},
        ],
        "time": body["time"],
    }


def test_a_void_claim_tells_less_than_nothing() -> None:
    claim = make_claim(fees=["10.00"])
    outbox.tell(claim, OutboxMessage.Reason.ACCEPTED)
    claim.status = "void"
    claim.save()
    body = valid_body(outbox.tell(claim, OutboxMessage.Reason.VOIDED))
    assert (body["reason"], body["net_fee"]) == ("voided", "-10.00")


def test_a_line_without_a_provider_credits_nobody_by_name() -> None:
    claim = make_claim()
    fees = dict.fromkeys(("coinsurance", "copay"), Decimal(0))
    ClaimLine.objects.create(claim=claim, number=1, provider_fees=Decimal("7.50"), allowed_fees=0, **fees)
    body = valid_body(outbox.tell(claim, OutboxMessage.Reason.ACCEPTED))
    assert body["providers"] == [{"npi": None, "net_fee": "7.50"}]


def test_a_fee_below_zero_and_the_largest_there_is_are_told_to_the_cent() -> None:
    claim = make_claim(fees=["10.00"])
    for fee, allowed in (("0.00", "999999999999999.99"), ("999999999999999.99", "0.00")):
        claim.lines.update(provider_fees=Decimal(fee), allowed_fees=Decimal(allowed))
        body = valid_body(outbox.tell(claim, OutboxMessage.Reason.CORRECTED))
    assert body["net_fee"] == "1999999999999999.98"


def test_a_message_names_no_patient() -> None:
    claim = make_claim(fees=["10.00"], patient=make_patient("P-CANARY"), control_number="PCN-CANARY")
    assert "CANARY" not in json.dumps(valid_body(outbox.tell(claim, OutboxMessage.Reason.ACCEPTED)))
