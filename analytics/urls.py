"""The landing page and the reports."""

from django.urls import path

from . import views
from .pages import denials, kpi, numbers

urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("denials/", denials.denials, name="denials"),
    path("numbers/", numbers.numbers, name="numbers"),
    path("numbers/<slug:kpi>/", kpi.kpi_page, name="kpi"),
]
