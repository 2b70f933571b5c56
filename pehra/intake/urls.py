"""Addresses of intake."""

from django.urls import URLPattern, URLResolver, include, path

from pehra.intake.views import documents, hooks, triage

app_name = "intake"
urlpatterns: list[URLPattern | URLResolver] = [
    path("hooks/<uuid:webhook_id>/", hooks.receive, name="hook"),
    path("hooks/<uuid:webhook_id>/<str:secret>/", hooks.receive, name="hook-with-secret"),
    path("", triage.listing, name="list"),
    path("", include("pehra.intake.views.alerts.urls")),
    path("document", documents.document, name="document"),
    path("take", triage.take, name="take"),
    path("preview", triage.preview, name="preview"),
    path("do", triage.do, name="do"),
    path("acts/<uuid:token>/", triage.done, name="act"),
    path("acts/<uuid:token>/undo", triage.undo, name="undo"),
    path("reports/<str:reference>/", triage.one, name="one"),
    path("reports/<str:reference>/do", triage.act, name="do-one"),
    path("reports/<str:reference>/<int:number>/give-out", triage.give_out, name="give-out"),
    path("reports/<str:reference>/<int:number>/sealed", triage.sealed, name="sealed"),
]
