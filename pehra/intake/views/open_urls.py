"""Addresses that everybody may open, under /report/."""

from django.urls import URLPattern, path

from pehra.intake.views import open_forms

app_name = "report"
urlpatterns: list[URLPattern] = [
    path("", open_forms.report, name="form"),
    path("draft/<str:secret>/", open_forms.draft, name="draft"),
    path("draft/<str:secret>/erase", open_forms.erase, name="erase"),
    path("file", open_forms.file, name="file"),
    path("from-file", open_forms.from_file, name="from-file"),
    path("language", open_forms.language, name="language"),
    path("offline.html", open_forms.offline_form, name="offline"),
    path("receipt/<str:token>/", open_forms.receipt, name="receipt"),
    path("receipt/<str:token>/<int:number>/", open_forms.submission, name="submission"),
]
