"""The landing page and the reports."""

from django.urls import path

from .pages import (
    dashboard,
    denials,
    exports,
    kpi,
    numbers,
    payers,
    providers,
    receivables,
    staff,
    staff_member,
    stop_mail,
    underpayments,
)

urlpatterns = [
    path("", dashboard.home, name="home"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("denials/", denials.denials, name="denials"),
    path("receivables/", receivables.receivables, name="receivables"),
    path("payers/", payers.payers, name="payers"),
    path("payers/<int:pk>/", payers.payer, name="payer"),
    path("underpayments/", underpayments.underpayments, name="underpayments"),
    path("underpayments/<str:payer>/<slug:cause>/", underpayments.cause, name="cause"),
    path("underpayments/<str:payer>/<slug:cause>/pursue/", underpayments.pursue, name="pursue"),
    path("providers/", providers.providers, name="providers"),
    path("providers/<str:npi>/", providers.provider, name="provider"),
    path("staff/", staff.staff, name="staff"),
    path("staff/<int:pk>/", staff_member.staff_member, name="staff_member"),
    path("numbers/", numbers.numbers, name="numbers"),
    path("numbers/<slug:kpi>/", kpi.kpi_page, name="kpi"),
    path("exports/", exports.exports, name="exports"),
    path("exports/new/<slug:kind>/", exports.take_out, name="take_out"),
    path("exports/<uuid:pk>/file", exports.export_file, name="export_file"),
    path("exports/<uuid:pk>/cancel/", exports.cancel_export, name="cancel_export"),
    path("mails/stop/<str:token>/", stop_mail.stop_mail, name="stop_mail"),
]
