"""Pages about patients."""

from django.urls import path

from . import views

urlpatterns = [
    path("patients/", views.patients, name="patients"),
    path("patients/<int:pk>/", views.patient, name="patient"),
    path("follow-ups/", views.follow_ups, name="follow_ups"),
    path("follow-ups/<int:pk>/close/", views.close_follow_up, name="close_follow_up"),
]
