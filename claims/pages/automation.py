"""Pages about automation: all rules, one with what it did and would have done, and writing one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.access import allow, person
from accounts.models import User
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, moment, unbroken

from ..automation import happenings, rules
from ..automation.deeds import Deeds
from ..automation.matching import TRIED_DAYS
from ..models import AutomationRule, AutomationRun, Claim
from ..worklists.editing import WORDS
from .claims import LISTED, at_most, list_columns
from .filters import ClaimFilter

EDIT = "claims.change_worklist"
MOST_COUNTED = 10_000
TRIED_COLUMNS = ("number", "patient", "payer", "status", "assignee", "balance")


class EditRule(forms.ModelForm):
    """A rule's name and what it waits for; the rest stands in forms of its own."""

    on = forms.MultipleChoiceField(
        label="Any of these changes",
        choices=[(key, each.label) for key, each in happenings.CHANGES.items()],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = AutomationRule
        fields = ("name", "on")

    def __init__(self, asked: Any = None, **kwargs: Any) -> None:
        super().__init__(asked, prefix="rule", **kwargs)


# All of them ---------------------------------------------------------------------------------------


@allow(EDIT)
@never_cache
@require_safe
def automation(request: HttpRequest) -> HttpResponse:
    user = person(request)
    found = AutomationRule.objects.visible_to(user).select_related("made_by")
    found = found.annotate(
        acted=Count("runs", filter=Q(runs__outcome="done")),
        failed=Count("runs", filter=Q(runs__outcome="failed")),
        last=Max("runs__at"),
    )
    return render(
        request,
        "claims/automation.html",
        {
            "title": "What happens by itself?",
            "lead": "When a claim changes and is one of those that a rule asks for, the rule acts, once.",
            "rules": [{"rule": each, **in_words(each)} for each in found],
            "action_url": reverse("new_automation"),
            "action_label": "New rule",
        },
    )


def in_words(rule: AutomationRule) -> dict[str, Any]:
    """What a rule waits for, of which claims, and what it does."""
    asked = ClaimFilter(rule.filters, rule.made_by)
    return {
        "when": happenings.in_words(rule.on),
        "which": asked.in_words() if rule.filters else "",
        "then": Deeds.kept(rule.made_by, rule.then).in_words(),
    }


def visible_rule(request: HttpRequest, pk: int) -> AutomationRule:
    user = person(request)
    found = AutomationRule.objects.visible_to(user).select_related("made_by").filter(pk=pk).first()
    if found is None:
        audit.record(user, "automation_rule.read", request=request, outcome="failed", asked_for=pk)
        raise Http404
    return found


# One of them ---------------------------------------------------------------------------------------


@allow(EDIT)
@never_cache
@require_safe
def automation_rule(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = person(request), visible_rule(request, pk)
    tried = tried_table(request, found, user)
    runs = runs_table(request, found, user)
    rows = len(runs.rows) + (len(tried.rows) if tried else 0)
    audit.record(user, "automation_rule.read", found, request=request, rows=rows)
    return render(
        request,
        "claims/automation_rule.html",
        {
            "title": found.name,
            "rule": found,
            **in_words(found),
            "is_own": found.made_by_id == user.pk,
            "days": TRIED_DAYS,
            "tried": tried,
            "runs": runs,
        },
    )


def tried_table(request: HttpRequest, rule: AutomationRule, user: User) -> Table | None:
    """Some of the claims that it would have been about, as far as this person sees them."""
    ids = [UUID(each) for each in rule.tried.get("sample", ())]
    if not ids:
        return None
    claims = Claim.objects.visible_to(user).filter(pk__in=ids).select_related(*LISTED)
    return Table(
        request,
        claims.order_by("-number"),
        [each for each in list_columns(user) if each.name in TRIED_COLUMNS],
        key="tried",
        link=lambda claim: reverse("claim", args=[claim.pk]),
        caption="Some of these claims, as they stand now",
    )


def runs_table(request: HttpRequest, rule: AutomationRule, user: User) -> Table:
    return Table(
        request,
        rule.runs.visible_to(user).select_related("claim", "event").order_by("-at", "-pk"),
        [
            Column("at", "When", lambda run: unbroken(moment(run.at))),
            Column("claim", "Claim", lambda run: str(run.claim)),
            Column("event", "Because", lambda run: run.event.action[:1].upper() + run.event.action[1:]),
            Column(
                "outcome",
                "What came of it",
                lambda run: Cell(run.get_outcome_display(), badge=run.outcome),
            ),
            Column("did", "What it did", what_it_did),
        ],
        key="runs",
        link=lambda run: f"{reverse('claim', args=[run.claim_id])}#events-heading",
        caption="What it did",
        empty_title="It has not acted yet",
        empty_text="Each change on which it acts stands here, with what it did about the claim.",
    )


def what_it_did(run: AutomationRun) -> str:
    if run.outcome == AutomationRun.Outcome.FAILED:
        return f"Nothing: {run.problem}"
    words = ", ".join(run.did)
    return words[:1].upper() + words[1:] or NOTHING


# Writing one ---------------------------------------------------------------------------------------


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_automation(request: HttpRequest) -> HttpResponse:
    return edited(request, AutomationRule(made_by=person(request)))


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_automation(request: HttpRequest, pk: int) -> HttpResponse:
    return edited(request, visible_rule(request, pk))


def edited(request: HttpRequest, found: AutomationRule) -> HttpResponse:
    """The form; everything to choose from is what the rule's maker sees, whoever changes it."""
    asked = request.POST if request.method == "POST" else None
    name = found.name
    form = EditRule(asked, instance=found)
    which = ClaimFilter(asked if asked is not None else found.filters, found.made_by)
    then = Deeds(found.made_by, asked) if asked is not None else shown_deeds(found)
    if request.headers.get("HX-Request"):
        return render(request, "claims/_worklist_count.html", {"count": counted(which, found.made_by)})
    is_right = [form.is_valid(), which.is_valid(), then.is_valid()] if asked is not None else [False]
    if asked is not None and "save" in asked and all(is_right):
        said = rules.Said(form.cleaned_data["name"], form.cleaned_data["on"], which.data, then)
        rules.save(found, said, actor=person(request), request=request)
        messages.success(request, f"“{found.name}” is saved. Try it before you switch it on.")
        return redirect("automation_rule", found.pk)
    return render(
        request,
        "claims/edit_automation.html",
        {
            "title": f"What does “{name}” do?" if found.pk else "What shall happen by itself?",
            "rule": found,
            "form": form,
            "which_fields": [which[word] for word in WORDS],
            "then": then,
            "count": counted(which, found.made_by),
            "here": request.path,
        },
        status=422 if asked is not None and "save" in asked else 200,
    )


def shown_deeds(rule: AutomationRule) -> Deeds:
    """As it was kept; empty and without a complaint where there is nothing yet."""
    if not rule.then:
        return Deeds(rule.made_by)
    return Deeds.kept(rule.made_by, rule.then)


def counted(which: ClaimFilter, maker: User) -> str:
    if not which.is_valid():
        return "This finds no claim until it is corrected."
    count = which.narrow(Claim.objects.visible_to(maker)).order_by()[: MOST_COUNTED + 1].count()
    verb = "claim stands" if count == 1 else "claims stand"
    return f"{at_most(count).capitalize()} {verb} like this now."


# Trying it, switching it ------------------------------------------------------------------------------


@allow(EDIT)
@require_POST
def try_automation(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_rule(request, pk)
    try:
        rules.rehearse(found, actor=person(request), now=timezone.now(), request=request)
    except rules.RuleError as wrong:
        messages.error(request, f"It could not be tried. {wrong}")
    return redirect("automation_rule", found.pk)


@allow(EDIT)
@require_POST
def switch_automation(request: HttpRequest, pk: int) -> HttpResponse:
    found, on = visible_rule(request, pk), request.POST.get("on") == "1"
    try:
        rules.switch(found, on=on, actor=person(request), request=request)
    except rules.RuleError as wrong:
        messages.error(request, f"Nothing was changed. {wrong}")
    else:
        words = "acts on what changes from now on" if on else "is switched off"
        messages.success(request, f"“{found.name}” {words}.")
    return redirect("automation_rule", found.pk)
