"""Pages about patients: finding and registering them, their assessments, and whom somebody must see now."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.access import allow, person
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, day, moment, money

from .. import todo, triage
from ..models import Assessment, Claim, Patient, Task
from ..models.patients import PatientQuerySet
from .forms import AssessAgain, CloseFollowUp, FindPatient, RegisterPatient
from .tasks import FOLLOW_UPS, tabs, tasks_of

ASSESS = "claims.assess_patients"


@allow(ASSESS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def patients(request: HttpRequest) -> HttpResponse:
    """Find a patient, or register one. Ids travel in the form's body: addresses get written down."""
    is_search = request.POST.get("form") == "find"
    find = FindPatient(request.POST if is_search else None, prefix="find")
    register = RegisterPatient(request.POST if request.method == "POST" and not is_search else None)
    namesakes = None
    if find.is_bound and find.is_valid():
        asked_for = Patient.objects.found_by(find.cleaned_data["patient_id"])
        patient = triage.open_patient(asked_for, actor=person(request), request=request)
        namesakes = namesakes_table(request, asked_for)
        if patient and len(namesakes.rows) == 1:
            return redirect("patient", pk=patient.pk)
        audit.record(person(request), "patients.found", request=request, rows=len(namesakes.rows))
        if not patient:
            find.add_error("patient_id", "There is no such patient in your departments.")
    if register.is_bound and register.is_valid():
        try:
            assessment = triage.register_patient(
                **register.cleaned_data, actor=person(request), request=request
            )
        except triage.PatientExists:
            register.add_error("patient_id", "There is a patient with this id already.")
        else:
            return redirect("patient", pk=assessment.patient_id)
    title = "Whom are you looking for?"
    page = {"title": title, "find": find, "register": register, "namesakes": namesakes}
    return render(request, "claims/patients.html", page)


def namesakes_table(request: HttpRequest, asked_for: PatientQuerySet) -> Table:
    """Several people may have one name; whoever asked chooses."""
    return Table(
        request,
        asked_for.visible_to(person(request)).order_by("pk"),
        NAMESAKE_COLUMNS,
        link=lambda each: reverse("patient", args=[each.pk]),
        caption="Patients of this name",
    )


NAMESAKE_COLUMNS = [
    Column("name", "Name", lambda each: each.name or "–"),
    Column("patient_id", "Patient id", lambda each: each.patient_id or "–"),
    Column("born", "Born", lambda each: day(each.born_on)),
]


@allow(ASSESS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def patient(request: HttpRequest, pk: int) -> HttpResponse:
    """One patient: the newest assessment with its reasons, those before it, and what is still to be done."""
    found = visible_patient(request, pk)
    form = AssessAgain(request.POST or None)
    if request.method == "POST" and form.is_valid():
        triage.assess(patient=found, **form.cleaned_data, actor=person(request), request=request)
        return redirect("patient", pk=pk)
    newest = found.assessments.select_related("asked_by", "follow_up").first()
    return render(
        request,
        "claims/patient.html",
        {
            "title": "How urgent is it?" if newest else "Who is it?",
            "patient": found,
            "newest": newest,
            "steps": json.loads(newest.trace) if newest else [],
            "history": history_table(request, found),
            "claims": claims_table(request, found),
            "follow_ups": Task.objects.follow_ups().open().filter(patient=found),
            "tasks": tasks_of(found, person(request)),
            "form": form,
        },
    )


def visible_patient(request: HttpRequest, pk: int) -> Patient:
    asked_for = Patient.objects.filter(pk=pk)
    found = triage.open_patient(asked_for, actor=person(request), request=request, asked_for=pk)
    if found is None:
        raise Http404
    return found


HISTORY_COLUMNS = [
    Column("at", "When", lambda each: moment(each.at)),
    Column("conclusion", "Conclusion", lambda each: each.conclusion),
    Column("risk", "Risk", lambda each: f"{each.risk_score:.2f}", numeric=True),
    Column("symptoms", "Symptoms", lambda each: each.symptoms or "–"),
    Column("assessor", "Assessor", lambda each: f"{each.assessor} {each.version}"),
    Column("asked_by", "Asked by", lambda each: each.asked_by.name),
]


def history_table(request: HttpRequest, found: Patient) -> Table:
    assessments = Assessment.objects.filter(patient=found).select_related("asked_by")
    return Table(request, assessments, HISTORY_COLUMNS, caption="All assessments, newest first")


CLAIM_COLUMNS = [
    Column("claim", "Claim", lambda each: str(each)),
    Column("service", "Service", lambda each: day(each.service_from)),
    Column("payer", "Payer", lambda each: each.payer.name if each.payer else NOTHING),
    Column("status", "Status", lambda each: Cell(each.get_status_display(), badge=each.status)),
    Column("charge", "Charge", lambda each: money(each.charge), numeric=True),
    Column("balance", "Balance", lambda each: money(each.balance), numeric=True),
]


def claims_table(request: HttpRequest, found: Patient) -> Table:
    """Only those that this person may see: a patient may be treated in several departments."""
    visible = Claim.objects.visible_to(person(request)).filter(patient=found).select_related("payer")
    return Table(
        request,
        visible,
        CLAIM_COLUMNS,
        link=lambda each: reverse("claim", args=[each.pk]),
        caption="Claims, newest first",
        empty_title="No claims of this patient",
    )


FOLLOW_UP_COLUMNS = [
    Column("patient", "Patient", lambda each: each.patient.patient_id),
    Column("opened", "Waiting since", lambda each: moment(each.made_at), sort="made_at"),
    Column("conclusion", "Conclusion", lambda each: Cell(each.assessment.conclusion, badge="urgent")),
    Column("risk", "Risk", lambda each: f"{each.assessment.risk_score:.2f}", numeric=True),
    Column("asked_by", "Asked by", lambda each: each.assessment.asked_by.name),
]


@allow(ASSESS)
@never_cache
@require_safe
def follow_ups(request: HttpRequest) -> HttpResponse:
    waiting = Task.objects.follow_ups().open().visible_to(person(request))
    table = Table(
        request,
        waiting.select_related("patient", "assessment__asked_by"),
        FOLLOW_UP_COLUMNS,
        default_sort="opened",
        link=lambda each: reverse("patient", args=[each.patient_id]),
        caption="Open follow-ups, longest waiting first",
        empty_title="Nobody is waiting",
        empty_text="An urgent assessment opens a follow-up here.",
    )
    audit.record(person(request), "follow_ups.read", request=request, rows=len(table.rows))
    page = {"title": "Who has to be seen now?", "table": table, "tabs": tabs(person(request), FOLLOW_UPS)}
    return render(request, "claims/follow_ups.html", page)


@allow(ASSESS)
@require_POST
def close_follow_up(request: HttpRequest, pk: int) -> HttpResponse:
    visible = Task.objects.follow_ups().visible_to(person(request))
    follow_up = visible.filter(pk=pk).first()
    if follow_up is None:
        audit.record(person(request), "follow_up.closed", request=request, outcome="failed", asked_for=pk)
        raise Http404
    form = CloseFollowUp(request.POST)
    if not form.is_valid():
        messages.error(request, "Say what was done before you close a follow-up.")
        return redirect("patient", pk=follow_up.patient_id)
    try:
        todo.finish(follow_up, **form.cleaned_data, actor=person(request), request=request)
    except todo.AlreadyDone:
        messages.info(request, "A colleague has closed this follow-up already.")
    else:
        messages.success(request, "The follow-up is closed.")
    return redirect("follow_ups")
