"""The life of alerts: opened once, followed, over once; who is told; and that no rule keeps another."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.db.models import ProtectedError
from django.utils import timezone

from accounts.models import AuditEntry, Department
from analytics.alerts import opening
from analytics.alerts.checking import LEASE, _lease, check, check_due
from analytics.alerts.conditions import days_of
from analytics.alerts.contributors import contributors
from analytics.alerts.looking import filters_of, member_of
from analytics.alerts.looking import look as numbers_of
from analytics.alerts.opening import escalate_overdue
from analytics.alerts.preview import evening
from analytics.alerts.recipients import recipients
from analytics.alerts.rules import (
    HasAlerts,
    WrongRule,
    delete_rule,
    have_looked_at,
    problems_of,
    save_rule,
    switch_off,
)
from analytics.alerts.watched import WATCHED, Found, Looking, watch
from analytics.cards import Good
from analytics.catalogue import Figure, Unit, figures, split
from analytics.facts.refreshing import refresh
from analytics.facts.tables import DAYS
from analytics.kpis import KPIS
from analytics.models import Alert, AlertRule, Delivery
from analytics.periods import Period
from analytics.scopes import Scope
from analytics.snapshots import take
from claims.models import Claim, ClaimEvent, OutboxMessage, Review, ReviewSample
from rcm_site.days import midnight
from rcm_site.testing.makers import (
    make_alert,
    make_claim,
    make_department,
    make_import,
    make_payer,
    make_rule,
    make_user,
)
from rcm_site.testing.threads import at_once

from .histories import LAST, World

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TODAY = timezone.localdate(NOW)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def no_shipped_rules(request: pytest.FixtureRequest) -> None:
    if "shipped" not in request.node.name:
        AlertRule.objects.all().delete()


def decided(denied: int, paid: int, *, days_ago: int = 1, **fields: Any) -> None:
    """So many claims that a payer denied or paid."""
    day = TODAY - days_ago * DAY
    more: dict[str, Any] = {
        "decided_on": day,
        "submitted_on": day - 20 * DAY,
        "charge": Decimal(100),
    } | fields
    category = more.pop("denial_category", "coding")
    for _ in range(denied):
        make_claim(status="denied", denial_category=category, **more)
    for _ in range(paid):
        make_claim(status="paid", paid_on=day, **more)


def rule(**fields: Any) -> AlertRule:
    """Denial rate above 10 %, over at 8 %, of at least five."""
    given = {"condition": "above", "limit": Decimal(10), "clears_at": Decimal(8), "minimum_n": 5}
    return make_rule(**(given | {"cool_down_minutes": 0} | fields))


def look(asked: AlertRule, now: datetime = NOW) -> None:
    check([AlertRule.objects.get(pk=asked.pk)], now)


def told(alert: Alert) -> list[str]:
    return list(alert.events.order_by("pk").values_list("what", flat=True))


# Opening, following, resolving ---------------------------------------------------------------------


def test_an_alert_opens_once_and_is_followed() -> None:
    asked = rule()
    decided(2, 8)
    look(asked)
    look(asked, NOW + MINUTE)
    (alert,) = Alert.objects.all()
    assert (alert.value, alert.n, told(alert)) == (20, 10, ["opened"])
    assert (alert.start, alert.end) == (TODAY - 29 * DAY, TODAY)
    assert (alert.opened_at, alert.seen_at) == (NOW, NOW + MINUTE)


def test_each_payer_has_an_alert_of_its_own() -> None:
    asked = rule(each="payer")
    good, bad = make_payer(), make_payer()
    decided(1, 19, payer=good)
    decided(5, 5, payer=bad)
    decided(3, 2)  # of no payer
    look(asked)
    found = {alert.payer: alert.value for alert in Alert.objects.all()}
    assert found == {bad: 50, None: 60}


def test_what_opens_passes_on_and_ends_at_once_is_told_at_once() -> None:
    lead, above = make_user("director"), make_user("director")
    asked = rule(each="payer", escalates_after=30)
    asked.people.set([lead])
    asked.escalates_to.set([above])
    for denied in (3, 9, 6):
        decided(denied, 10 - denied, payer=make_payer())
    look(asked)
    (opened,) = Delivery.objects.all()
    worst = [event.alert.value for event in (opened.event, *opened.others.order_by("pk")) if event]
    assert (worst[0], sorted(worst)) == (90, [30, 60, 90])
    assert escalate_overdue(NOW + HOUR) == 3
    passed_on = Delivery.objects.get(person=above)
    assert passed_on.others.count() == 2
    Claim.objects.update(status="paid")
    look(asked, NOW + 2 * HOUR)
    over = Delivery.objects.filter(event__what="resolved")
    assert {each.person: each.others.count() for each in over} == {lead: 2, above: 2}
    assert Delivery.objects.count() == 4


def test_an_alert_is_over_once_at_the_limit_that_clears_it() -> None:
    asked = rule()
    decided(2, 8)
    look(asked)
    decided(0, 12)  # 2 of 22 are 9.1 %: no longer above 10, not yet at 8
    look(asked, NOW + MINUTE)
    assert Alert.objects.open().get().value == Decimal("9.0909")
    decided(0, 3)  # 2 of 25 are 8 %
    look(asked, NOW + 2 * MINUTE)
    look(asked, NOW + 3 * MINUTE)
    (alert,) = Alert.objects.all()
    assert (alert.value, alert.resolved_at) == (8, NOW + 2 * MINUTE)
    assert told(alert) == ["opened", "resolved"]


def test_it_got_worse_when_it_is_a_tenth_of_the_limit_beyond_what_was_told() -> None:
    asked = rule(limit=Decimal(10))
    decided(20, 80)
    look(asked)
    for n, (denied, paid) in enumerate([(1, 1), (1, 0), (1, 0), (0, 3)], start=1):
        decided(denied, paid)  # 21/102 = 20.6, 22/103 = 21.36 (told), 23/104 = 22.1, 23/107 = 21.5
        look(asked, NOW + n * MINUTE)
    (alert,) = Alert.objects.all()
    assert told(alert) == ["opened", "worsened"]
    assert [event.value for event in alert.events.all()] == [20, Decimal("21.3592")]
    assert (alert.value_at_first, alert.worst, alert.value) == (20, Decimal("22.1154"), Decimal("21.4953"))


def test_none_opens_while_the_last_one_cools_down() -> None:
    asked = rule(cool_down_minutes=60)
    decided(2, 8)
    look(asked)
    decided(0, 20)
    look(asked, NOW + MINUTE)
    decided(10, 0)
    look(asked, NOW + 60 * MINUTE)
    assert Alert.objects.count() == 1
    look(asked, NOW + 61 * MINUTE)
    assert Alert.objects.open().count() == 1
    assert Alert.objects.count() == 2


def test_too_few_neither_open_nor_resolve() -> None:
    asked = rule(window_days=7)
    decided(4, 0)
    look(asked)
    assert not Alert.objects.exists()
    decided(1, 0)
    look(asked)
    Claim.objects.filter(status="denied").update(status="paid")
    Claim.objects.filter(pk__in=Claim.objects.values("pk")[:1]).update(status="submitted", decided_on=None)
    look(asked, NOW + HOUR)  # none of four
    assert Alert.objects.open().exists()
    look(asked, NOW + 8 * DAY)  # and a week later none at all
    assert told(Alert.objects.get()) == ["opened", "resolved"]


def test_a_rise_is_held_against_as_many_whole_days_before() -> None:
    asked = rule(condition="rises", limit=Decimal(5), clears_at=None, window_days=7)
    decided(1, 19, days_ago=8)  # 5 %
    decided(3, 17, days_ago=7)  # 15 %
    decided(20, 0, days_ago=0)  # today is not over
    look(asked)
    alert = Alert.objects.get()
    assert (alert.value, alert.compared_with) == (15, 5)
    assert (alert.start, alert.end) == (TODAY - 7 * DAY, TODAY - DAY)


def test_an_alert_says_what_would_be_usual() -> None:
    asked = rule(condition="unusual", limit=Decimal(3), clears_at=None, window_days=1, minimum_n=10)
    for week in range(1, 8):
        decided(1, 9 + week % 3, days_ago=1 + 7 * week)  # 9.09, 8.33, 10, 9.09, 8.33, 10, 9.09
    decided(2, 8)
    look(asked)
    alert = Alert.objects.get()
    # Around 9.0909 with a median deviation of 0.7576, or 1.1232 as a standard deviation.
    assert (alert.lowest_usual, alert.highest_usual) == (Decimal("5.7214"), Decimal("12.4605"))
    assert alert.value == 20


def test_a_rule_narrowed_to_a_department_makes_alerts_of_that_department() -> None:
    heart, eyes = make_department(), make_department()
    asked = rule(department=heart, each="payer")
    payer = make_payer()
    decided(5, 5, payer=payer, department=heart)
    decided(10, 0, payer=make_payer(), department=eyes)
    look(asked)
    alert = Alert.objects.get()
    assert alert.member == (payer.pk, heart.pk, None)
    assert alert.value == 50
    lead = make_user("manager", departments=[heart])
    other = make_user("manager", departments=[eyes])
    assert [each.pk for each in Alert.objects.visible_to(lead)] == [alert.pk]
    assert not Alert.objects.visible_to(other).exists()


# Many rules at once --------------------------------------------------------------------------------


def test_rules_that_ask_of_the_same_days_share_two_statements(django_assert_num_queries: Any) -> None:
    payers, heart = [make_payer(), make_payer()], make_department()
    for payer in payers:
        decided(3, 7, payer=payer, department=heart, days_ago=2)
    rules = [
        *(rule(name=f"{kpi} of each", watches=kpi, each="payer") for kpi in KPIS),
        *(rule(name=f"of {payer.pk}", payer=payer, department=heart) for payer in payers),
        rule(name="of each department", each="department"),
        rule(name="of all"),
    ]
    while refresh(DAYS):
        pass
    with django_assert_num_queries(2):  # what came over these days, and how things stand
        found = numbers_of(rules, NOW, {})
    assert not any(each.problem for each in found.values())
    for each in rules:
        alone = numbers_of([each], NOW, {})[each.pk]
        assert sorted(found[each.pk].looks, key=str) == sorted(alone.looks, key=str)
    assert [look.judged.value for look in found[rules[-1].pk].looks] == [30]


def test_rules_say_what_pages_say_of_the_same_days() -> None:
    """Of all that may happen to claims: together, of each, and of one; today and of whole days before."""
    world = World(5)
    world.live(40, lambda: None)
    while refresh(DAYS):
        pass
    heart, payer = world.departments[0], world.payers[0]
    shapes: list[dict[str, Any]] = [
        *({"each": each} for each in ("", "payer", "department", "provider")),
        *({"department": heart, "each": each} for each in ("", "payer", "provider")),
        *({"payer": payer, "each": "department"}, {"payer": payer, "kind": "dental"}),
    ]
    for condition, shape in product(("above", "rises"), shapes):
        given = shape | {"condition": condition, "clears_at": None, "minimum_n": 0}
        rules = [rule(watches=kpi, **given) for kpi in KPIS]
        found = numbers_of([*rules, rule(each="payer"), rule(department=heart)], evening(LAST), {})
        days, scope = days_of(condition, 30, LAST).now, Scope(None, **filters_of(rules[0]))
        shown = pages_say(scope, days, shape.get("each", ""))
        for asked in rules:
            told = {look.member: (look.judged.value, look.judged.n) for look in found[asked.pk].looks}
            for key, figure in shown[asked.watches].items():
                assert told[member_of(asked, key)] == (figure.value, figure.n), (asked.watches, shape)


def pages_say(scope: Scope, period: Period, each: str) -> dict[str, dict[Any, Figure]]:
    if each:
        parts = split(KPIS.values(), scope, period, each)
        return {kpi: {one.key: one.figure for one in of_kpi} for kpi, of_kpi in parts.items()}
    return {kpi: {None: figure} for kpi, figure in figures(KPIS.values(), scope, period).items()}


def test_a_rule_that_cannot_be_looked_at_says_so_and_keeps_no_other() -> None:
    def broken(_: Looking) -> list[Found]:
        raise ZeroDivisionError

    def huge(_: Looking) -> list[Found]:
        return [Found(Decimal(10) ** 30, 1)]

    watch("Broken", Unit.COUNT, Good.DOWN)(broken)
    watch("Huge", Unit.COUNT, Good.DOWN)(huge)
    try:
        decided(2, 8)
        bad, gone, good = rule(watches="broken"), rule(watches="no_longer_there"), rule()
        never, vast = rule(window_days=0), rule(watches="huge")
        check_due(NOW + HOUR)
    finally:
        del WATCHED["broken"], WATCHED["huge"]
    for asked in (bad, gone, good, never, vast):
        asked.refresh_from_db()
    assert bad.problem == never.problem == "Its number could not be worked out."
    assert vast.problem == "Its alerts could not be written."
    assert gone.problem == "There is no such number any more."
    assert good.problem == ""
    assert Alert.objects.get().rule == good


def test_a_rule_is_looked_at_when_its_time_has_come() -> None:
    noon = midnight(TODAY) + 12 * HOUR
    asked = rule(every=60, due_at=noon + timedelta(seconds=40))
    assert check_due(noon) == 0
    assert check_due(noon + MINUTE) == 1
    assert check_due(noon + 2 * MINUTE) == 0
    asked.refresh_from_db()
    assert (asked.checked_at, asked.due_at) == (noon + MINUTE, noon + HOUR)
    check_due(noon + 5 * HOUR + MINUTE)  # beat was away for four turns
    asked.refresh_from_db()
    assert asked.due_at == noon + 6 * HOUR


def test_a_rule_whose_worker_died_is_due_again() -> None:
    rule(due_at=NOW)
    assert len(_lease(AlertRule.objects.active(), NOW)) == 1
    assert len(_lease(AlertRule.objects.active(), NOW + LEASE - MINUTE)) == 0
    assert check_due(NOW + LEASE) == 1


def test_what_was_found_is_no_answer_to_a_rule_that_was_changed_meanwhile() -> None:
    asked = rule()
    decided(2, 8)
    held = AlertRule.objects.get(pk=asked.pk)
    AlertRule.objects.update(limit=90)
    check([held], NOW)
    assert not Alert.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's writers take turns")
def test_two_who_look_at_once_open_one_alert_and_resolve_it_once() -> None:
    lead = make_user("director")
    asked = rule()
    asked.people.set([lead])
    decided(2, 8)
    at_once(lambda _: look(asked), range(4))
    alert = Alert.objects.get()
    assert told(alert) == ["opened"]
    assert Delivery.objects.filter(event__alert=alert).count() == 1
    Claim.objects.all().update(status="paid")
    at_once(lambda _: look(asked, NOW + MINUTE), range(4))
    assert told(alert) == ["opened", "resolved"]
    at_once(lambda _: check_due(NOW + 2 * HOUR), range(4))
    assert Alert.objects.count() == 1


# Numbers besides the KPIs --------------------------------------------------------------------------


def measured(key: str, each: str = "", **narrowed: Any) -> dict[Any, tuple[Any, int]]:
    looking = Looking(Scope(None, **narrowed), Period(TODAY - 29 * DAY, TODAY), each, NOW)
    found = WATCHED[key].measure(looking)
    return {getattr(one, each) if each else None: (one.value, one.n) for one in found}


def test_every_kpi_is_watched_and_knows_its_past() -> None:
    assert KPIS.keys() <= WATCHED.keys()
    assert all(WATCHED[key].knows_past for key in KPIS)


def test_dollars_at_filing_risk_are_those_of_the_next_14_days() -> None:
    payer = make_payer(timely_filing_days=90)
    for days_left, charge in ((0, 100), (14, 30), (15, 7), (-1, 3)):
        service = TODAY - (90 - days_left) * DAY
        make_claim(payer=payer, status="submitted", charge=charge, service_from=service, service_to=service)
    assert measured("filing_at_risk") == {None: (130, 2)}
    assert measured("filing_at_risk", "payer") == {payer.pk: (130, 2)}
    assert measured("filing_at_risk", payer=make_payer().pk) == {None: (0, 0)}


def test_dead_letters_are_counted() -> None:
    assert measured("dead_letters") == {None: (0, 0)}
    OutboxMessage.objects.create(claim=make_claim(), reason="created", net_fee=1, state="dead")
    assert measured("dead_letters") == {None: (1, 1)}


def test_failed_imports_are_counted_by_the_day_on_which_they_ended() -> None:
    for state, ago in (("failed", 0), ("failed", 29), ("failed", 30), ("done", 1), ("refused", 1)):
        make_import(state=state, finished_at=midnight(TODAY - ago * DAY) + HOUR)
    assert measured("failed_imports") == {None: (2, 4)}


def test_the_staff_error_rate_is_of_actions_that_were_reviewed() -> None:
    heart, eyes, person = make_department(), make_department(), make_user("manager")
    sample = ReviewSample.objects.create(way="random", start=TODAY, end=TODAY, seed=1, made_by=person)
    for place, (department, verdict) in enumerate(
        [(heart, "error"), (heart, "ok"), (heart, "ok"), (heart, "ok"), (eyes, "error"), (eyes, "")]
    ):
        claim = make_claim(department=department)
        event = ClaimEvent.objects.create(claim=claim, actor=person, at=midnight(TODAY) - HOUR)
        done = {"verdict": verdict, "reviewer": person, "reviewed_at": NOW} if verdict else {}
        wrong = {"error_type": "code"} if verdict == "error" else {}
        Review.objects.create(event=event, sample=sample, place=place, **done, **wrong)
    assert measured("staff_error_rate") == {None: (40, 5)}
    assert measured("staff_error_rate", "department") == {heart.pk: (25, 4), eyes.pk: (100, 1)}
    assert measured("staff_error_rate", department=make_department().pk) == {None: (None, 0)}


def test_snapshots_are_stale_from_the_end_of_the_last_day_that_was_taken() -> None:
    assert measured("stale_snapshots") == {None: (None, 1)}
    make_claim(submitted_on=TODAY - 3 * DAY)
    take(TODAY - 2 * DAY, NOW)
    hours = int((NOW - midnight(TODAY - DAY)).total_seconds() // 3600)
    assert measured("stale_snapshots") == {None: (hours, 1)}


def test_shipped_rules_make_sense_and_tell_roles_that_may_see_them() -> None:
    shipped = AlertRule.objects.filter(shipped_as__isnull=False)
    assert shipped.count() >= 10
    admin = make_user("admin")
    for each in shipped:
        assert problems_of(each, admin) == {}
        assert each.is_active
        assert each.is_about_site == WATCHED[each.watches].is_about_site
        assert each.roles or each.tells_managers
        assert not each.is_about_site or each.roles == ["admin"]


# Who is told ---------------------------------------------------------------------------------------


def test_only_who_may_see_an_alert_is_told_of_it() -> None:
    heart, eyes = make_department(), make_department()
    here, there = (make_user("manager", departments=[each]) for each in (heart, eyes))
    director, biller = make_user("director"), make_user("biller", departments=[heart])
    left = make_user("director", is_active=False)
    asked = rule(department=heart, tells_managers=True, roles=["director"])
    asked.people.set([there, biller, left])
    found = recipients(asked, make_alert(asked))
    assert {*found.people} == {here, director}
    whole = recipients(asked, make_alert(asked, department=None, payer=make_payer()))
    assert {*whole.people} == {director}


def test_alerts_about_the_site_are_told_to_who_runs_it() -> None:
    asked = rule(watches="dead_letters", is_about_site=True, roles=["director", "admin"])
    admin, _ = make_user("admin"), make_user("director")
    assert recipients(asked, make_alert(asked)).people == (admin,)


def test_others_are_told_once_nobody_has_acknowledged_in_time() -> None:
    above = make_user("director")
    asked = rule(escalates_after=30)
    asked.escalates_to.set([above])
    alert, seen, quiet = (make_alert(asked, payer=make_payer(), opened_at=NOW) for _ in range(3))
    opening.acknowledge(seen, actor=above, now=NOW)
    opening.snooze(quiet, actor=above, until=NOW + 2 * HOUR, now=NOW)
    assert recipients(asked, alert).people == ()
    assert opening.escalate_overdue(NOW + 29 * MINUTE) == 0
    assert opening.escalate_overdue(NOW + 30 * MINUTE) == 1
    assert opening.escalate_overdue(NOW + 31 * MINUTE) == 0
    alert.refresh_from_db()
    assert alert.escalated_at == NOW + 30 * MINUTE
    assert told(alert) == ["opened", "escalated"]
    assert recipients(asked, alert).people == (above,)
    assert opening.escalate_overdue(NOW + 2 * HOUR) == 1  # the one that was put to sleep


# What people do ------------------------------------------------------------------------------------


def test_what_people_do_is_written_down() -> None:
    heart = make_department()
    lead, agent = (make_user("manager", departments=[heart]) for _ in range(2))
    alert = make_alert(rule(department=heart))
    opening.acknowledge(alert, actor=lead, now=NOW)
    opening.acknowledge(alert, actor=agent, now=NOW + MINUTE)
    opening.assign(alert, actor=lead, to=agent, now=NOW)
    opening.snooze(alert, actor=agent, until=NOW + HOUR, now=NOW)
    opening.comment(alert, actor=agent, text="Jane Doe's claim again", now=NOW)
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.acknowledged_at) == (lead, NOW)
    assert (alert.assignee, alert.snoozed_until) == (agent, NOW + HOUR)
    assert told(alert)[1:] == ["acknowledged", "assigned", "snoozed", "commented"]
    trail = AuditEntry.objects.filter(action__startswith="alert.").order_by("pk")
    assert [each.action.removeprefix("alert.") for each in trail] == told(alert)[1:]
    assert "Jane" not in str(list(trail.values_list("details", flat=True)))


def test_an_alert_is_given_only_to_who_may_see_it() -> None:
    alert = make_alert(rule(department=make_department()))
    stranger = make_user("manager", departments=[make_department()])
    with pytest.raises(opening.MayNotSee):
        opening.assign(alert, actor=make_user("director"), to=stranger, now=NOW)
    assert Alert.objects.get().assignee is None


def test_about_an_alert_that_is_over_people_only_talk() -> None:
    alert, lead = make_alert(rule(), resolved_at=NOW), make_user("director")
    with pytest.raises(opening.AlertIsOver):
        opening.acknowledge(alert, actor=lead, now=NOW)
    with pytest.raises(opening.AlertIsOver):
        opening.snooze(alert, actor=lead, until=None, now=NOW)
    opening.comment(alert, actor=lead, text="It was the new code list.", now=NOW)
    assert told(alert) == ["opened", "commented"]


# Rules ---------------------------------------------------------------------------------------------

REFUSED = [
    ({"watches": "luck"}, "watches"),
    ({"condition": "looks like"}, "condition"),
    ({"watches": "dead_letters", "each": "payer"}, "each"),
    ({"watches": "staff_error_rate", "each": "department", "category": "coding"}, "category"),
    ({"watches": "dead_letters", "condition": "unusual", "clears_at": None}, "condition"),
    ({"watches": "filing_at_risk", "condition": "rises", "clears_at": None}, "condition"),
    ({"condition": "rises", "limit": Decimal(0), "clears_at": None}, "limit"),
    ({"clears_at": Decimal(11)}, "clears_at"),
    ({"condition": "below", "clears_at": Decimal(9)}, "clears_at"),
    ({"category": "weather"}, "category"),
    ({"window_days": 0}, "window_days"),
    ({"every": 7}, "every"),
    ({"roles": ["king"]}, "roles"),
    ({"addresses": ["not an address"]}, "addresses"),
    ({"numbers": ["555-0123"]}, "numbers"),
    ({"quiet_from": "22:00"}, "quiet_until"),
    ({"escalates_after": 30}, "escalates_to"),
    ({"name": " "}, "name"),
]


@pytest.mark.parametrize(("fields", "field"), REFUSED)
def test_a_rule_that_makes_no_sense_is_not_kept(fields: dict[str, Any], field: str) -> None:
    given: dict[str, Any] = {"name": "Denials", "watches": "denial_rate", "condition": "above"}
    asked = AlertRule(**(given | {"limit": Decimal(10), "clears_at": Decimal(8)} | fields))
    with pytest.raises(WrongRule) as wrong:
        save_rule(asked, actor=make_user("admin"))
    assert [*wrong.value.problems] == [field]
    assert not AlertRule.objects.exists()


def test_one_payer_of_each_payer_is_no_rule() -> None:
    asked = AlertRule(name="Odd", watches="denial_rate", condition="above", limit=1, each="payer")
    asked.payer = make_payer()
    assert [*problems_of(asked, make_user("admin"))] == ["payer"]


def managed(department: Department | None, **fields: Any) -> AlertRule:
    given = {"name": "Ours", "watches": "denial_rate", "condition": "above", "limit": Decimal(10)}
    return AlertRule(**(given | {"department": department} | fields))


def test_who_sees_own_departments_watches_those_alone_and_tells_nobody_outside() -> None:
    heart, eyes = make_department(), make_department()
    lead = make_user("manager", departments=[heart])
    assert problems_of(managed(heart), lead) == {}
    assert problems_of(managed(None, each="department"), lead) == {}
    assert [*problems_of(managed(eyes), lead)] == ["department"]
    assert [*problems_of(managed(None, each="payer"), lead)] == ["department"]
    assert [*problems_of(managed(heart, addresses=["it@clinic.example"]), lead)] == ["addresses"]
    assert [*problems_of(managed(heart, numbers=["+13125550123"]), lead)] == ["numbers"]
    stranger = make_user("manager", departments=[eyes])
    assert [*problems_of(managed(heart), lead, people=[stranger])] == ["people"]
    assert "watches" in problems_of(managed(heart, watches="dead_letters"), lead)
    assert "watches" in problems_of(managed(None, watches="dead_letters"), make_user("director"))


def test_a_rule_is_looked_at_at_once_and_what_changed_is_written_down() -> None:
    director = make_user("director")
    asked = save_rule(managed(None), actor=director, people=[director], now=NOW)
    assert (asked.due_at, asked.made_by, [*asked.people.all()]) == (NOW, director, [director])
    asked.limit = Decimal(12)
    save_rule(asked, actor=director, now=NOW + HOUR)
    entry = AuditEntry.objects.get(action="alert_rule.changed")
    assert entry.details["changed"] == {"limit": ["10.00", "12"]}
    assert entry.details["people"] == [director.pk]
    assert AlertRule.objects.get().due_at == NOW + HOUR


@pytest.mark.parametrize("changed", [{"is_active": False}, {"watches": "clean_claim_rate"}])
def test_a_rule_that_is_switched_off_or_asks_else_has_nothing_open(changed: dict[str, Any]) -> None:
    asked = rule()
    alert = make_alert(asked)
    for name, value in changed.items():
        setattr(asked, name, value)
    save_rule(asked, actor=make_user("director"), now=NOW)
    assert told(alert) == ["opened", "resolved"]


def test_a_rule_that_has_opened_alerts_is_switched_off_and_never_deleted() -> None:
    asked, fresh, director = rule(), rule(), make_user("director")
    make_alert(asked)
    switch_off(asked, actor=director)
    with pytest.raises(HasAlerts):
        delete_rule(asked, actor=director)
    with pytest.raises(ProtectedError):
        asked.delete()
    delete_rule(fresh, actor=director)
    assert [*AlertRule.objects.all()] == [asked]
    assert AuditEntry.objects.get(action="alert_rule.deleted").details["name"] == fresh.name


def test_what_somebody_asks_to_have_looked_at_meanwhile_is_looked_at_again() -> None:
    asked, director = rule(due_at=NOW), make_user("director")
    (leased,) = _lease(AlertRule.objects.active(), NOW)
    have_looked_at(AlertRule.objects.all(), actor=director, now=NOW + MINUTE)
    check([leased], NOW)
    asked.refresh_from_db()
    assert (asked.checked_at, asked.due_at) == (NOW, NOW + MINUTE)
    assert check_due(NOW + MINUTE) == 1
    asked.refresh_from_db()
    assert asked.due_at > NOW + MINUTE


# What it comes from --------------------------------------------------------------------------------


def test_an_alert_says_which_payers_and_which_denials_it_comes_from() -> None:
    """Aetna: 1 denial before, 7 now, 5 of these for authorisation; Cigna: none before, 1 now."""
    aetna, cigna, other = make_payer("Aetna"), make_payer("Cigna"), make_payer("Other")
    decided(1, 9, payer=aetna, days_ago=40)
    decided(2, 10, payer=aetna)
    decided(5, 0, payer=aetna, denial_category="authorisation")
    decided(1, 10, payer=cigna, denial_category="documentation")
    decided(2, 8, payer=other, days_ago=40)
    decided(1, 9, payer=other)
    asked = rule()
    look(asked)
    assert contributors(Alert.objects.get()) == [
        "Aetna: 6 more claims denied, mostly authorisation",
        "Cigna: 1 more claim denied, mostly documentation",
    ]


def test_an_alert_about_days_says_who_pays_later_than_all_did() -> None:
    slow, quick = make_payer("Slow"), make_payer("Quick")
    for payer, days, ago in ((slow, 40, 40), (quick, 20, 40), (slow, 70, 1), (quick, 21, 1)):
        decided(0, 20, payer=payer, days_ago=ago, submitted_on=TODAY - (ago + days) * DAY)
    asked = rule(watches="average_days_to_pay", limit=Decimal(40), clears_at=None)
    look(asked)
    alert = Alert.objects.get()
    assert alert.value == Decimal("45.5")
    assert contributors(alert) == ["Slow: 70.0 days, before 40.0 days"]


def test_an_alert_of_a_payer_says_which_departments_it_comes_from() -> None:
    payer, heart = make_payer(), make_department("Heart")
    make_claim(payer=payer, department=heart, status="submitted", charge=Decimal(900))
    asked = rule(watches="open_ar", limit=Decimal(500), clears_at=None, each="payer")
    look(asked)
    assert contributors(Alert.objects.get()) == ["Heart: $900.00 more"]
