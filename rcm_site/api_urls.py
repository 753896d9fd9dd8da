"""Everything under /api/."""

from django.urls import path

from accounts import api as accounts
from analytics.api import (
    dashboard,
    denials,
    exports,
    kpis,
    payers,
    receivables,
    snapshots,
    staff,
    underpayments,
)
from claims.api import appeals, claims, files, patients, providers, steps, tasks, worklists

from . import api_schema

urlpatterns = [
    path("auth/token", accounts.SignIn.as_view(), name="api_token"),
    path("auth/token/refresh", accounts.Renew.as_view(), name="api_token_refresh"),
    path("users/profile", accounts.Profile.as_view(), name="api_profile"),
    path("claims/", claims.Claims.as_view(), name="api_claims"),
    path("claims/import", files.SendFile.as_view(), name="api_send_file"),
    path("claims/<uuid:pk>", claims.OneClaim.as_view(), name="api_claim"),
    path("claims/<uuid:pk>/steps/<slug:step>", steps.TakeStep.as_view(), name="api_take_step"),
    path("claims/<uuid:pk>/appeals", appeals.FileAppeal.as_view(), name="api_file_appeal"),
    path("appeals/", appeals.Appeals.as_view(), name="api_appeals"),
    path("appeals/<int:pk>", appeals.OneAppeal.as_view(), name="api_appeal"),
    path("worklists/", worklists.Worklists.as_view(), name="api_worklists"),
    path("worklists/<int:pk>/next", worklists.TakeNext.as_view(), name="api_next_claim"),
    path("imports/<uuid:pk>", files.OneImport.as_view(), name="api_import"),
    path("imports/<uuid:pk>/errors", files.ImportErrors.as_view(), name="api_import_errors"),
    path("imports/<uuid:pk>/pause", files.Pause.as_view(), name="api_import_pause"),
    path("imports/<uuid:pk>/resume", files.Resume.as_view(), name="api_import_resume"),
    path("imports/<uuid:pk>/cancel", files.Cancel.as_view(), name="api_import_cancel"),
    path("providers/top10", providers.TopTen.as_view(), name="api_top_ten"),
    path("providers/top", providers.Top.as_view(), name="api_top"),
    path("patients", patients.Patients.as_view(), name="api_patients"),
    path("patients/<str:patient_id>", patients.OnePatient.as_view(), name="api_patient"),
    path("patients/<str:patient_id>/assessments", patients.Assessments.as_view(), name="api_assessments"),
    path("tasks/", tasks.Tasks.as_view(), name="api_tasks"),
    path("tasks/<int:pk>", tasks.OneTask.as_view(), name="api_task"),
    path("kpis/", kpis.Catalogue.as_view(), name="api_kpis"),
    path("kpis/<str:kpi>", kpis.OneKpi.as_view(), name="api_kpi"),
    path("kpis/<str:kpi>/snapshots", snapshots.Snapshots.as_view(), name="api_kpi_snapshots"),
    path("dashboard/kpis", dashboard.DashboardKpis.as_view(), name="api_dashboard"),
    path("denials/rate", denials.DenialRate.as_view(), name="api_denial_rate"),
    path("denials/trends", denials.DenialTrends.as_view(), name="api_denial_trends"),
    path("ar/days", receivables.ReceivableDays.as_view(), name="api_ar_days"),
    path("ar/aging", receivables.ReceivableAging.as_view(), name="api_ar_aging"),
    path("ar/by-department", receivables.ReceivablesByDepartment.as_view(), name="api_ar_by_department"),
    path("staff/productivity", staff.StaffProductivity.as_view(), name="api_staff_productivity"),
    path("staff/error-rate", staff.StaffErrorRate.as_view(), name="api_staff_error_rate"),
    path("staff/workload", staff.StaffWorkload.as_view(), name="api_staff_workload"),
    path("payers/<int:pk>/scorecard", payers.PayerScorecard.as_view(), name="api_payer_scorecard"),
    path("underpayments/", underpayments.Underpayments.as_view(), name="api_underpayments"),
    path("exports/", exports.Exports.as_view(), name="api_exports"),
    path("exports/<uuid:pk>", exports.OneExport.as_view(), name="api_export"),
    path("exports/<uuid:pk>/file", exports.ExportFile.as_view(), name="api_export_file"),
    path("exports/<uuid:pk>/cancel", exports.Cancel.as_view(), name="api_export_cancel"),
    path("schema", api_schema.Schema.as_view(), name="api_schema"),
    path("docs", api_schema.Docs.as_view(), name="api_docs"),
]
