"""The rows that measures are made of, and the day on which each of them counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.db.models import (
    Case,
    DateField,
    Exists,
    Expression,
    F,
    Func,
    IntegerField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, TruncDate

from claims.models import Adjustment, Claim, ClaimEvent, ClaimLine, ClaimPayment, Shortfall
from claims.models.appeals import WITHDRAWN
from rcm_site.days import midnight

from ..periods import DAY, Period

Status = Claim.Status
RECEIVED_ACTION = "received"  # of the event that says a claim came in
COUNTED = tuple(status for status in Status.values if status != Status.VOID)


class DaysBetween(Func):
    """Whole days from the second date to the first."""

    output_field = IntegerField()
    arg_joiner = " - "
    template = "(%(expressions)s)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        later, earlier = (compiler.compile(each) for each in self.get_source_expressions())
        sql = f"CAST(julianday({later[0]}) - julianday({earlier[0]}) AS INTEGER)"
        return sql, (*later[1], *earlier[1])


@dataclass(frozen=True, eq=False)
class Source:
    """Rows of one model, the path from them to their claim, and the day on which each counts."""

    model: type[Model]
    day: Expression | Combinable
    within: Callable[[Period], Q]
    claim: str = ""
    provider: str = ""  # whose the row is; otherwise the claim's
    staff: str = ""  # who did it, for measures of people
    at: str = ""  # the moment from which its day is taken: finer than days, and in the order of an index
    is_once: bool = False  # a claim has one such row at most: as many rows, as many claims
    # Which notes of new claims (`NewClaim`) are of some that may have such rows on these days. Rows that have
    # none mark their days as they come in, also with their claim.
    noted: Callable[[Period], Q] | None = None
    where: Combinable | Q = field(default_factory=Q)
    more: dict[str, Any] = field(default_factory=dict)  # what its conditions and amounts need to know

    def rows(self) -> QuerySet[Any]:
        """Of claims that count, each with its `day`."""
        return self.rows_of_any().filter(Q(**{f"{self.claim}status__in": COUNTED}))

    def rows_of_any(self) -> QuerySet[Any]:
        """Of void claims, too: for whoever leaves those out anyhow and saves looking up each row's claim."""
        rows = self.model._default_manager.alias(on_day=self.day, **self.more)
        return rows.filter(self.where).order_by()

    def rows_but_of_void(self) -> QuerySet[Any]:
        """As `rows`, for whoever asks nothing else of claims: an index has the few that are void."""
        if not self.claim:
            return self.rows()
        void = Claim.objects.filter(pk=OuterRef(self.claim.removesuffix("__")), status=Status.VOID)
        return self.rows_of_any().filter(~Exists(void))

    @property
    def provider_path(self) -> str:
        return self.provider or f"{self.claim}provider"


def _on(column: str) -> Callable[[Period], Q]:
    return lambda period: Q(**{f"{column}__gte": period.start, f"{column}__lte": period.end})


def _at(column: str) -> Callable[[Period], Q]:
    """Moments of these days, as the site's time zone has them."""
    return lambda period: Q(
        **{f"{column}__gte": midnight(period.start), f"{column}__lt": midnight(_after(period.end))}
    )


def _after(day: date) -> date:
    return day + DAY if day < date.max else day


def _claims_by(column: str) -> Source:
    return Source(Claim, F(column), _on(column), noted=_on(column))


def _or_day_of_claim(model: type[Model], column: str, claim: str, **fields: Any) -> tuple[Source, Source]:
    """Rows by their own day, and those that have none by the day on which their claim was submitted."""
    where = fields.pop("where", Q())
    submitted = f"{claim}submitted_on"
    dated = Source(model, F(column), _on(column), claim, where=where, **fields)
    none = Q(**{f"{column}__isnull": True})
    return dated, Source(model, F(submitted), _on(submitted), claim, where=where & none, **fields)


SUBMITTED = (_claims_by("submitted_on"),)
FIRST_DECIDED = (_claims_by("first_decided_on"),)
DECIDED = (_claims_by("decided_on"),)
PAID = (_claims_by("paid_on"),)
_RECEIVED = _at("received_at")
RECEIVED = (Source(Claim, TruncDate("received_at"), _RECEIVED, at="received_at", noted=_RECEIVED),)

# The day on which money was posted is the payer's own day of payment: a file that is read late, or a year of
# files read at once, must not move cash from one month to another.
POSTED = ClaimPayment.State.POSTED
PAYMENTS = _or_day_of_claim(ClaimPayment, "paid_on", "claim__", where=Q(state=POSTED))
ADJUSTMENTS = _or_day_of_claim(
    Adjustment, "payment__paid_on", "payment__claim__", where=Q(payment__state=POSTED)
)

# What the law keeps back of underpaid claims, which is no payer's fault; and what else they are short of.
_IS_LAW = Q(cause=Shortfall.Cause.LAW)
SHORT = Source(Shortfall, F("claim__paid_on"), _on("claim__paid_on"), "claim__", where=~_IS_LAW)
BY_LAW = (replace(SHORT, where=_IS_LAW),)

_DATED_LINES, _OTHER_LINES = _or_day_of_claim(
    ClaimLine, "service_date", "claim__", provider="provider", where=Q(net_fee__isnull=False)
)
LINES = (
    replace(_DATED_LINES, noted=lambda days: Q(served_from__lte=days.end, served_until__gte=days.start)),
    replace(_OTHER_LINES, noted=_on("submitted_on")),
)


# Events: a claim's status changed, on the day of the event -----------------------------------------


def _became(*statuses: str) -> Q:
    return Q(to_status__in=statuses) & ~Q(from_status=F("to_status"))


def _of_same_claim(*statuses: str) -> QuerySet[ClaimEvent]:
    return ClaimEvent.objects.filter(_became(*statuses), claim=OuterRef("claim"))


def _earlier() -> Q:
    return Q(at__lt=OuterRef("at")) | Q(at=OuterRef("at"), pk__lt=OuterRef("pk"))


def _later() -> Q:
    return Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))


def _last_before(*statuses: str) -> QuerySet[ClaimEvent]:
    return _of_same_claim(*statuses).filter(_earlier()).order_by("-at", "-pk")


def _events(where: Combinable | Q, **more: Any) -> Source:
    return Source(ClaimEvent, TruncDate("at"), _at("at"), "claim__", at="at", where=where, more=more)


# The denial that an appeal answers: the claim's last decision when no other has followed since, its first one
# when this is its first appeal, else what its history says.
_DENIED_ON = Case(
    When(claim__decided_on__lte=TruncDate("at"), then=F("claim__decided_on")),
    When(
        Q(claim__first_decision=Claim.Decision.DENIED, claim__first_decided_on__lte=TruncDate("at"))
        & ~Exists(_of_same_claim(Status.APPEALED).filter(_earlier())),
        then=F("claim__first_decided_on"),
    ),
    default=Subquery(_last_before(Status.DENIED).annotate(on=TruncDate("at")).values("on")[:1]),
    output_field=DateField(),
)
APPEALS_FILED = (_events(_became(Status.APPEALED), denied_on=_DENIED_ON),)

# Paid or denied while an appeal was waiting for it, whatever stood between them ("pending"). That there was
# an appeal at all is asked first: few claims have one, and an index has those.
_APPEALED_BEFORE = Subquery(_last_before(Status.APPEALED, Status.PAID, Status.DENIED).values("to_status")[:1])
# An appeal that was taken back makes the claim a denied one again, which its payer did not decide.
_DECISION = _became(Status.PAID, Status.DENIED) & ~Q(action=WITHDRAWN)
APPEALS_DECIDED = (
    _events(
        _DECISION & Exists(_of_same_claim(Status.APPEALED)) & Q(before=Status.APPEALED),
        before=_APPEALED_BEFORE,
    ),
)

# A claim is written off on the day of the event that said so last. One without such an event was given up
# before it came here: on the day of its decision, or else of its submission.
_WRITTEN_OFF_EVENT = ClaimEvent.objects.filter(_became(Status.WRITTEN_OFF), claim=OuterRef("pk"))
_GIVEN_UP_BEFORE = Q(written_off__gt=0) & ~Exists(_WRITTEN_OFF_EVENT)
_LAST = _became(Status.WRITTEN_OFF) & ~Exists(_of_same_claim(Status.WRITTEN_OFF).filter(_later()))
WRITE_OFFS = (
    replace(_events(_LAST), is_once=True),
    replace(_claims_by("decided_on"), where=_GIVEN_UP_BEFORE),
    replace(_claims_by("submitted_on"), where=_GIVEN_UP_BEFORE & Q(decided_on=None)),
)


# People: what they did, and the claims that were paid after they had. ------------------------------

_BY_PEOPLE = Q(actor__isnull=False) & ~Q(action=RECEIVED_ACTION)
# The day, before this one, on which the same person had worked the claim last.
_LAST_BEFORE = (
    ClaimEvent.objects.filter(_BY_PEOPLE, claim=OuterRef("claim"), actor=OuterRef("actor"))
    .annotate(on=TruncDate("at"))
    .filter(on__lt=OuterRef("on_day"))
    .order_by("-on")
    .values("on")[:1]
)
ACTIONS = (replace(_events(_BY_PEOPLE, last_before=Subquery(_LAST_BEFORE)), staff="actor_id"),)
_LAST_TO_ACT = (
    ClaimEvent.objects.filter(_BY_PEOPLE, claim=OuterRef("pk"))
    .annotate(on=TruncDate("at"))
    .filter(on__lte=OuterRef("paid_on"))
    .order_by("-at", "-pk")
)
RESOLVED = (
    Source(
        Claim,
        F("paid_on"),
        _on("paid_on"),
        staff="resolved_by",
        where=Q(status=Status.PAID, resolved_by__isnull=False),
        more={
            "resolved_by": Subquery(_LAST_TO_ACT.values("actor_id")[:1]),
            "last_before": Cast(Value(None), DateField()),
        },
    ),
)
