"""Addresses of incidents."""

from django.urls import path

from pehra.incidents.views import incidents as views

app_name = "incidents"
urlpatterns = [
    path("", views.listing, name="list"),
    path("export.csv", views.export, name="export"),
    path("<str:reference>/", views.one, name="one"),
    path("<str:reference>/move", views.move, name="move"),
    path("<str:reference>/severity", views.severity, name="severity"),
    path("<str:reference>/moment", views.moment, name="moment"),
    path("<str:reference>/facts", views.facts, name="facts"),
    path("<str:reference>/stage-sent", views.stage_sent, name="stage-sent"),
    path("<str:reference>/stage-withdrawn", views.stage_withdrawn, name="stage-withdrawn"),
]
