"""Addresses of findings."""

from django.urls import path

from pehra.findings import views

app_name = "findings"
urlpatterns = [
    path("", views.listing, name="list"),
    path("export.csv", views.export, name="export"),
    path("<uuid:finding_id>/", views.one, name="one"),
    path("<uuid:finding_id>/<str:act>", views.act, name="act"),
]
