"""Rules that act when a claim changes: what each does, once, for whom, and what they leave alone."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry, Department, User
from claims import changes, corrections, reviews
from claims.answers.settling import EVENT_COLUMNS
from claims.automation import rules, running, telling
from claims.automation.deeds import Deeds
from claims.automation.rules import RuleError, Said
from claims.bulk import insert
from claims.business_days import plus_business_days
from claims.changes import Change
from claims.corrections import Lines
from claims.models import (
    AutomationMark,
    AutomationRule,
    AutomationRun,
    Claim,
    ClaimEvent,
    Task,
    Worklist,
    WriteOff,
)
from claims.pages.filters import ClaimFilter
from claims.worklists import choosing
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user
from rcm_site.testing.threads import at_once, in_thread

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def heart(db: None) -> Department:
    return make_department("Heart")


@pytest.fixture
def manager(heart: Department) -> User:
    return make_user("manager", departments=[heart], name="Max Lind")


def written(
    maker: User, then: dict[str, Any], *, on: str = "status", name: str = "Rule", **filters: str
) -> Any:
    deeds = Deeds.kept(maker, then)
    assert deeds.is_valid(), deeds.errors
    said = Said(name, [on], filters, deeds)
    return rules.save(AutomationRule(made_by=maker), said, actor=maker)


def at_work(maker: User, then: dict[str, Any], **more: str) -> AutomationRule:
    """A rule that was written, tried and switched on."""
    rule = written(maker, then, **more)
    rules.rehearse(rule, actor=maker, now=timezone.now())
    return rules.switch(rule, on=True, actor=maker)


def deny(claim: Claim, actor: User, category: str = "coding") -> None:
    changes.change_status(claim=claim, to="denied", change=Change(actor), category=category)


def run() -> int:
    return running.run_waiting(seconds=10)


def only_run() -> AutomationRun:
    return AutomationRun.objects.get()


# What rules do ---------------------------------------------------------------------------------------


def test_a_rule_gives_a_claim_to_somebody_and_nobody_is_counted_as_having_done_it(
    manager: User, heart: Department
) -> None:
    ana, claim = make_user(departments=[heart], name="Ana Ruiz"), make_claim(department=heart, charge=90)
    rule = at_work(manager, {"assign": str(ana.pk)}, status="denied")
    deny(claim, manager)
    assert run() == 1
    claim.refresh_from_db()
    event = claim.events.get(rule=rule)
    assert (claim.assignee, event.action, event.actor) == (ana, "assigned", None)
    assert (only_run().outcome, only_run().did) == ("done", ["given to Ana Ruiz"])
    assert event not in reviews.reviewable(make_user("director"))
    entry = AuditEntry.objects.filter(action="claim.changed").latest("id")
    assert (entry.actor, entry.details["rule"]) == (manager, rule.pk)


def test_a_rule_shares_claims_out_as_a_worklist_does(manager: User, heart: Department) -> None:
    people = [make_user(departments=[heart], name=name) for name in ("Ana", "Ben")]
    worklist = Worklist.objects.create(name="Denials", hand_out=Worklist.HandOut.ROUND_ROBIN)
    worklist.people.set(people)
    at_work(manager, {"assign": f"list-{worklist.pk}"})
    claims = [make_claim(department=heart, charge=90) for _ in range(4)]
    for claim in claims:
        deny(claim, manager)
    run()
    given = Claim.objects.filter(pk__in=[each.pk for each in claims]).values_list("assignee", flat=True)
    assert sorted(given) == sorted([people[0].pk, people[1].pk] * 2)


def test_a_rule_escalates_puts_aside_plans_and_tags(manager: User, heart: Department) -> None:
    director = make_user("director", name="Dora Hill")
    claim = make_claim(department=heart, charge=90)
    then = {"escalate": str(director.pk), "pend_days": "5", "pend_why": "records"}
    then |= {"task": "appeal", "task_days": "3", "tag": "look  closely"}
    at_work(manager, then, category="coding")
    deny(claim, manager)
    run()
    claim.refresh_from_db()
    task = Task.objects.get(claim=claim)
    assert claim.assignee == director
    assert claim.work.pended_until == plus_business_days(TODAY, 5)
    assert (task.kind, task.due_on, task.owner) == ("appeal", plus_business_days(TODAY, 3), director)
    assert [str(each.tag) for each in claim.tags.all()] == ["look closely"]
    assert [event.rule_id is None for event in claim.events.order_by("pk")] == [True, *[False] * 4]


def test_a_tag_puts_the_claim_on_the_list_that_asks_for_it(manager: User, heart: Department) -> None:
    claim, other = (make_claim(department=heart, charge=90) for _ in range(2))
    at_work(manager, {"tag": "Urgent"})
    for each in (claim, other):
        deny(each, manager)
        AutomationMark.objects.all().delete() if each == other else run()
    tag = claim.tags.get().tag
    worklist = Worklist.objects.create(name="Urgent", filters={"tag": str(tag.pk)})
    assert list(choosing.claims_of(worklist, manager)) == [claim]
    assert ClaimFilter({"tag": str(tag.pk)}, manager).in_words() == "Tag: Urgent"


def test_a_rule_asks_for_a_write_off_that_its_maker_cannot_approve(manager: User, heart: Department) -> None:
    at_work(manager, {"write_off": "too_late"})
    small, large = (make_claim(department=heart, charge=Decimal(charge)) for charge in ("20", "400"))
    for claim in (small, large):
        deny(claim, manager)
    run()
    small.refresh_from_db()
    asked = WriteOff.objects.get(claim=large)
    assert (small.status, asked.state, asked.asked_by) == ("written_off", "waiting", manager)
    assert {each.did[0] for each in AutomationRun.objects.all()} == {
        "$20.00 written off",
        "asked to write $400.00 off",
    }


def test_people_are_told_by_one_mail_with_links_to_what_they_see_and_no_word_more(
    manager: User, heart: Department, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    ana = make_user(departments=[heart])
    director = make_user("director")
    away = make_department("Away")
    rule = at_work(director, {"tell": [str(ana.pk), str(manager.pk)]}, name="Large denials")
    claims = [make_claim(department=place, charge=90) for place in (heart, heart, away)]
    for claim in claims:
        deny(claim, director)
    run()
    now = timezone.now()
    telling.tell_waiting(now)
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted([ana.email, manager.email])
    text = mailoutbox[0].body
    assert mailoutbox[0].subject == "2 claims for you: Large denials"
    assert str(claims[0]) in text
    assert f"/claims/{claims[1].pk}/" in text
    assert str(claims[2]) not in text
    assert "denied" not in text
    # What comes a moment later waits, and goes out as one more.
    deny_again = make_claim(department=heart, charge=90)
    deny(deny_again, director)
    run()
    telling.tell_waiting(now + timedelta(minutes=4))
    assert len(mailoutbox) == 2
    telling.tell_waiting(now + timedelta(minutes=5))
    assert len(mailoutbox) == 4
    assert not rule.runs.filter(is_to_tell=True).exists()


# Which changes -----------------------------------------------------------------------------------------


def test_each_kind_of_change_sets_off_the_rules_that_wait_for_it(manager: User, heart: Department) -> None:
    for kind in ("arrived", "status", "category", "amount", "payer", "person"):
        at_work(manager, {"tag": kind}, on=kind, name=kind)

    def set_off() -> set[str]:
        before = set(AutomationRun.objects.values_list("pk", flat=True))
        run()
        return {run.rule.name for run in AutomationRun.objects.exclude(pk__in=before)}

    change = Change(manager)
    claim = corrections.enter(
        claim=Claim(kind="dental", charge=90, department=heart), lines=Lines(), change=change
    )
    assert set_off() == {"arrived"}
    correct(claim, {"payer": make_payer()}, change)
    assert set_off() == {"payer"}
    correct(claim, {"charge": Decimal(80)}, change)
    assert set_off() == {"amount"}
    changes.reassign(claims=[claim], assignee=manager, change=change)
    assert set_off() == {"person"}
    deny(claim, manager)
    assert set_off() == {"status", "category"}
    changes.post_payment(claim=claim, amount=Decimal(30), paid_on=TODAY, change=change)
    assert set_off() == {"amount", "status"}
    changes.note(claim, "looked at", change)
    assert set_off() == set()


def correct(claim: Claim, wanted: dict[str, Any], change: Change) -> None:
    seen = corrections.version_of(claim.pk)
    corrections.correct(claim=claim, wanted=wanted, lines=Lines(), seen=seen, change=change)


def test_a_rule_acts_once_on_claims_that_fit_and_only_on_what_comes_after_it_was_switched_on(
    manager: User, heart: Department
) -> None:
    before, small, large = (make_claim(department=heart, charge=Decimal(n)) for n in (900, 10, 900))
    watching = at_work(make_user("director"), {"tag": "seen"}, name="Another", on="payer")
    deny(before, manager)
    rule = at_work(manager, {"tag": "large"}, balance_from="100")
    for claim in (small, large):
        deny(claim, manager)
    run()
    run()
    assert [each.claim for each in AutomationRun.objects.all()] == [large]
    assert not AutomationMark.objects.exists()
    rules.switch(rule, on=False, actor=manager)
    rules.switch(watching, on=False, actor=manager)
    deny(make_claim(department=heart, charge=900), manager)
    assert not AutomationMark.objects.exists()


def test_two_rules_that_would_chase_each_other_stop_at_once(manager: User, heart: Department) -> None:
    ana, ben = (make_user(departments=[heart], name=name) for name in ("Ana", "Ben"))
    for one, other in ((ana, ben), (ben, ana)):
        then = {"assign": str(other.pk)}
        at_work(manager, then, on="person", name=f"From {one}", assignee=str(one.pk))
    claim = make_claim(department=heart, charge=90)
    changes.reassign(claims=[claim], assignee=ana, change=Change(manager))
    assert [run() for _ in range(3)] == [1, 0, 0]
    claim.refresh_from_db()
    assert claim.assignee == ben
    assert AutomationRun.objects.count() == 1


def test_a_rule_touches_only_what_its_maker_sees_and_stops_when_they_may_no_more(
    manager: User, heart: Department
) -> None:
    away = make_department("Away")
    rule, director = at_work(manager, {"tag": "ours"}), make_user("director")
    claims = [make_claim(department=place, charge=90) for place in (heart, away)]
    for claim in claims:
        deny(claim, director)
    run()
    assert [each.claim for each in AutomationRun.objects.all()] == [claims[0]]
    manager.role = "biller"
    manager.save(update_fields=["role"])
    deny(make_claim(department=heart, charge=90), director)
    assert run() == 0
    rule.refresh_from_db()
    assert rule.problem == "Max Lind, for whom it acts, may not change worklists any more."
    assert list(AutomationRule.objects.visible_to(director)) == [rule]
    assert not AutomationRule.objects.visible_to(make_user("manager", departments=[heart])).exists()


# What goes wrong -----------------------------------------------------------------------------------------


def test_what_one_rule_cannot_do_is_told_left_undone_and_keeps_no_other_from_acting(
    manager: User, heart: Department, settings: Any
) -> None:
    away = make_department("Away")
    manager.departments.add(away)
    elsewhere, leaving = (make_user(departments=[away], name=name) for name in ("Eve Moss", "Lea Roy"))
    at_work(manager, {"tag": "given", "assign": str(elsewhere.pk)}, name="Cannot")
    at_work(manager, {"tag": "fine"}, name="Can")
    broken = at_work(manager, {"tag": "gone", "write_off": "small"}, name="Breaks")
    gone = at_work(manager, {"tag": "late"}, name="Gone", assignee=str(leaving.pk))
    leaving.departments.clear()
    settings.WRITE_OFF_LIMIT = None  # what nobody expected
    claim = make_claim(department=heart, charge=90)
    deny(claim, manager)
    run()
    assert {each.rule.name: (each.outcome, each.problem) for each in AutomationRun.objects.all()} == {
        "Breaks": ("failed", running.UNEXPECTED),
        "Can": ("done", ""),
        "Cannot": ("failed", f"Eve Moss does not see claim {claim}: it belongs to another department."),
    }
    assert [str(each.tag) for each in claim.tags.all()] == ["fine"]
    gone.refresh_from_db()
    broken.refresh_from_db()
    assert gone.problem.startswith("Assigned to: Select a valid choice.")
    assert broken.problem == running.UNEXPECTED


# Trying and switching on -----------------------------------------------------------------------------------


def test_a_trial_counts_the_changes_of_30_days_and_changes_nothing(manager: User, heart: Department) -> None:
    now = timezone.now()
    old, paid, denied, away = (
        make_claim(department=place, charge=90) for place in (heart, heart, heart, make_department("Away"))
    )
    for claim in (old, paid, denied, away):
        deny(claim, manager)
    old.events.update(at=now - timedelta(days=31))
    changes.change_status(claim=paid, to="paid", change=Change(manager))
    changes.change_status(claim=denied, to="pending", change=Change(manager))
    deny(denied, manager)
    rule = written(manager, {"tag": "x", "write_off": "small"}, status="denied")
    events = ClaimEvent.objects.count()
    tried = rules.rehearse(rule, actor=manager, now=now + timedelta(seconds=5))
    assert (tried.changes, tried.claims, tried.is_more) == (3, 2, False)
    assert tried.sample == [str(denied.pk), str(paid.pk)]
    assert ClaimEvent.objects.count() == events
    assert not AutomationRun.objects.exists()


def test_nobody_lets_a_rule_loose_unseen_nor_after_it_says_something_else(manager: User) -> None:
    rule = written(manager, {"tag": "x"})
    with pytest.raises(RuleError, match="Try it on the last 30 days first"):
        rules.switch(rule, on=True, actor=manager)
    rules.rehearse(rule, actor=manager, now=timezone.now())
    rule = rules.switch(rule, on=True, actor=manager)
    same, other = (Deeds.kept(manager, {"tag": tag}) for tag in "xy")
    assert same.is_valid()
    assert other.is_valid()
    rules.save(rule, Said("Other name", ["status"], {}, same), actor=manager)
    rule.refresh_from_db()
    assert rule.is_active
    rules.save(rule, Said("Other name", ["status"], {}, other), actor=manager)
    rule.refresh_from_db()
    assert (rule.is_active, rule.tried_at, rule.tried) == (False, None, {})
    actions = AuditEntry.objects.filter(action__startswith="automation_rule.").order_by("pk")
    assert [each.action.partition(".")[2] for each in actions] == [
        *("added", "tried", "switched_on", "changed", "changed")
    ]


# Many, and several at once ----------------------------------------------------------------------------------


def told_at_once(claims: list[Claim], actor: User) -> None:
    now = timezone.now()
    rows = [
        (each.pk, now, actor.pk, "status: denied", "pending", "denied", "", False, None, 0) for each in claims
    ]
    insert(ClaimEvent, EVENT_COLUMNS, rows)


def test_thousands_of_changes_at_once_are_looked_at_in_batches(manager: User, heart: Department) -> None:
    at_work(manager, {"tag": "large"}, balance_from="1000")
    claims = [make_claim(department=heart, charge=Decimal(5)) for _ in range(20)]
    large = make_claim(department=heart, charge=Decimal(5_000))
    told_at_once([*claims * 60, large], manager)
    assert AutomationMark.objects.count() == 1_201
    assert run() == 1
    assert not AutomationMark.objects.exists()
    assert [each.claim for each in AutomationRun.objects.all()] == [large]


on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="on SQLite writers take turns anyway"
)


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_act_once_on_each_change() -> None:
    heart = make_department("Heart")
    manager = make_user("manager", departments=[heart])
    at_work(manager, {"task": "call", "task_days": "2"})
    claims = [make_claim(department=heart, charge=90) for _ in range(30)]
    for claim in claims:
        deny(claim, manager)
    at_once(lambda _: run(), range(2))
    assert AutomationRun.objects.filter(outcome="done").count() == Task.objects.count() == 30
    assert not AutomationMark.objects.exists()


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_after_a_later_one_is_not_missed() -> None:
    heart = make_department("Heart")
    manager = make_user("manager", departments=[heart])
    at_work(manager, {"tag": "seen"})
    first, second = (make_claim(department=heart, charge=90) for _ in range(2))
    is_written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            deny(first, manager)
            is_written.set()
            may_commit.wait(20)

    thread = in_thread(slow)
    is_written.wait(20)
    deny(second, manager)
    assert run() == 1
    may_commit.set()
    thread.join()
    assert run() == 1
    assert {each.claim for each in AutomationRun.objects.all()} == {first, second}
