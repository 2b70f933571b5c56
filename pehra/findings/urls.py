"""Addresses of findings."""

from django.urls import path

from pehra.findings.views import findings as views
from pehra.findings.views import many

app_name = "findings"
urlpatterns = [
    path("", views.listing, name="list"),
    path("export.csv", views.export, name="export"),
    path("many", many.preview, name="many"),
    path("many/do", many.change, name="many-do"),
    path("many/<uuid:change_id>/", many.one, name="many-one"),
    path("many/<uuid:change_id>/undo", many.undo, name="many-undo"),
    path("<uuid:finding_id>/", views.one, name="one"),
    path("<uuid:finding_id>/<str:act>", views.act, name="act"),
]
