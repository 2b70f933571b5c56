"""Addresses of intake."""

from django.urls import URLPattern, URLResolver, include, path

from pehra.intake.views import documents, hooks, mail, of_incident, organisation_forms, triage

app_name = "intake"
urlpatterns: list[URLPattern | URLResolver] = [
    path("hooks/<uuid:webhook_id>/", hooks.receive, name="hook"),
    path("hooks/<uuid:webhook_id>/<str:secret>/", hooks.receive, name="hook-with-secret"),
    path("", triage.listing, name="list"),
    path("", include("pehra.intake.views.alerts.urls")),
    path("document", documents.document, name="document"),
    path("incident/<str:reference>/", of_incident.tab, name="of-incident"),
    path("mail/", mail.listing, name="mails"),
    path("mail/let-in", mail.let_in, name="mails-let-in"),
    path("mail/<uuid:mail_id>/", mail.one, name="mail"),
    path("mail/<uuid:mail_id>/retry", mail.retry, name="mail-retry"),
    path("mail/<uuid:mail_id>/take", mail.take, name="mail-take"),
    path("mail/<uuid:mail_id>/findings", mail.findings, name="mail-findings"),
    path("own/", organisation_forms.listing, name="own-reports"),
    path("own/begin", organisation_forms.begin, name="own-begin"),
    path("own/<uuid:draft>/", organisation_forms.one, name="own-report"),
    path("own/<uuid:draft>/throw-away", organisation_forms.throw_away, name="own-throw-away"),
    path("take", triage.take, name="take"),
    path("preview", triage.preview, name="preview"),
    path("do", triage.do, name="do"),
    path("acts/<uuid:token>/", triage.done, name="act"),
    path("acts/<uuid:token>/undo", triage.undo, name="undo"),
    path("reports/<str:reference>/", triage.one, name="one"),
    path("reports/<str:reference>/do", triage.act, name="do-one"),
    path("reports/<str:reference>/read", triage.read_news, name="read-news"),
    path("reports/<str:reference>/<int:number>/give-out", triage.give_out, name="give-out"),
    path("reports/<str:reference>/<int:number>/sealed", triage.sealed, name="sealed"),
]
