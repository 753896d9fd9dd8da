"""The net fees that providers generate: exact to the cent at every moment, and quick with a million lines.

The database keeps the totals itself (`provider_triggers`): what was added up already, and the changes since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, QuerySet, Sum

from accounts.models import User
from rcm_site.alone import is_alone

from .models import Claim, ClaimLine

# Any number will do, as long as everybody who folds asks for the same one.
FOLDER_LOCK = 7_263_002
MOST_CHANGES = 200_000  # folded in one transaction


@dataclass(frozen=True)
class ProviderFee:
    rank: int
    npi: str
    name: str
    net_fee: Decimal
    lines: int


# The totals and what is not folded in yet, read by one statement and so at one moment. Providers' names are
# looked up for the first ones alone, and for whoever has as much as the last of them.
_TOP = """
WITH changed AS (
    SELECT provider_id, CAST(sum(net_fee) AS bigint) AS net_fee, CAST(sum(lines) AS bigint) AS lines
    FROM claims_providerchange GROUP BY provider_id
), fees AS (
    SELECT total.provider_id, total.net_fee + COALESCE(changed.net_fee, 0) AS net_fee,
        total.lines + COALESCE(changed.lines, 0) AS lines
    FROM claims_providertotal total LEFT JOIN changed ON changed.provider_id = total.provider_id
    UNION ALL
    SELECT provider_id, net_fee, lines FROM changed
    WHERE NOT EXISTS (SELECT 1 FROM claims_providertotal total WHERE total.provider_id = changed.provider_id)
), first AS (
    SELECT net_fee FROM fees WHERE lines > 0 ORDER BY net_fee DESC LIMIT %s
)
SELECT npi, name, net_fee, lines FROM fees JOIN claims_provider ON claims_provider.id = provider_id
WHERE lines > 0 AND net_fee >= (SELECT min(net_fee) FROM first)
ORDER BY net_fee DESC, npi LIMIT %s
"""
_FOLD = """
WITH taken AS (
    DELETE FROM claims_providerchange
    WHERE id IN (SELECT id FROM claims_providerchange ORDER BY id LIMIT %s)
    RETURNING provider_id, net_fee, lines
), added AS (
    INSERT INTO claims_providertotal AS total (provider_id, net_fee, lines)
    SELECT provider_id, sum(taken.net_fee), sum(taken.lines)
    FROM taken JOIN claims_provider ON claims_provider.id = provider_id GROUP BY provider_id
    ON CONFLICT (provider_id) DO UPDATE
    SET net_fee = total.net_fee + EXCLUDED.net_fee, lines = total.lines + EXCLUDED.lines
)
SELECT count(*) FROM taken
"""


def top_providers(
    user: User, limit: int, *, start: date | None = None, end: date | None = None
) -> list[ProviderFee]:
    """The providers with the most net fees of what this person sees, perhaps of the services of a period."""
    if user.sees_everything and start is None and end is None:
        with connection.cursor() as cursor:
            cursor.execute(_TOP, [limit, limit])
            rows = [(npi, name, Decimal(fee).scaleb(-2), count) for npi, name, fee, count in cursor]
    else:
        rows = list(_live(user, start, end)[:limit])
    return [
        ProviderFee(rank, npi, name, fee, int(lines))
        for rank, (npi, name, fee, lines) in enumerate(rows, start=1)
    ]


def _live(user: User, start: date | None, end: date | None) -> QuerySet[ClaimLine, tuple[Any, ...]]:
    lines = ClaimLine.objects.filter(net_fee__isnull=False, provider__isnull=False)
    if user.sees_everything:
        lines = lines.exclude(claim__status=Claim.Status.VOID)
    else:
        visible = Claim.objects.visible_to(user).exclude(status=Claim.Status.VOID)
        lines = lines.filter(claim__in=visible)
    if start:
        lines = lines.filter(service_date__gte=start)
    if end:
        lines = lines.filter(service_date__lte=end)
    sums = lines.values("provider__npi", "provider__name").annotate(fee=Sum("net_fee"), count=Count("pk"))
    return sums.order_by("-fee", "provider__npi").values_list(
        "provider__npi", "provider__name", "fee", "count"
    )


def fold_changes(most: int = MOST_CHANGES) -> int:
    """Add changes into the totals; how many. On SQLite the totals are kept at once, so there are none."""
    if connection.vendor != "postgresql":
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_alone(FOLDER_LOCK):
            return 0
        cursor.execute(_FOLD, [most])
        return cursor.fetchone()[0]


_MISCOUNTED = """
SELECT provider_id, sum(net_fee), sum(lines)
FROM (
    SELECT provider_id, net_fee, lines FROM claims_providertotal
    UNION ALL SELECT provider_id, net_fee, lines FROM claims_providerchange
    UNION ALL
    SELECT line.provider_id, -line.net_fee, -1
    FROM claims_claimline line JOIN claims_claim claim ON claim.id = line.claim_id
    WHERE line.provider_id IS NOT NULL AND line.net_fee IS NOT NULL AND claim.status <> 'void'
) AS parts
GROUP BY provider_id HAVING sum(net_fee) <> 0 OR sum(lines) <> 0
"""


def miscounted() -> dict[int, tuple[int, int]]:
    """Providers whose kept total is not what their lines add up to: cents too many, and lines."""
    with connection.cursor() as cursor:
        cursor.execute(_MISCOUNTED)
        return {provider: (int(fee), int(lines)) for provider, fee, lines in cursor.fetchall()}
