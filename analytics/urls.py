"""The landing page and the reports."""

from django.urls import path

from . import views
from .pages import denials

urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("denials/", denials.denials, name="denials"),
]
