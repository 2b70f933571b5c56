"""The root of all addresses. A page belongs to its part; this file only says under which noun it stands.

`ledger` and `law` lie below `access` and cannot ask who may read them: their pages stand here.
"""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path

from pehra.web import proof, views
from pehra.web.rest import description, interface

_shell = [
    path("", views.situation, name="situation"),
    path("settings/language", views.language, name="language"),
    path("settings/theme", views.theme, name="theme"),
    path("law/", views.law_page, name="law"),
]
_ledger = [
    path("", proof.listing, name="list"),
    path("key", proof.key, name="key"),
    path("checkpoint", proof.checkpoint, name="checkpoint"),
    path("<uuid:entry_id>/", proof.one, name="one"),
    path("<uuid:entry_id>/proof.json", proof.document, name="proof"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((_shell, "web"))),
    path("ledger/", include((_ledger, "ledger"))),
    path("access/", include("pehra.access.urls")),
    path("", include(([path("", include("pehra.access.views.provider.urls"))], "idp"))),
    path("account/", include("pehra.access.views.account.urls")),
    path("api/v1/", include((interface.urls(path("openapi.json", login_not_required(description.openapi))), "api"))),
    path("desk/", include("pehra.desk.urls")),
    path("findings/", include("pehra.findings.urls")),
    path("incidents/", include("pehra.incidents.urls")),
    path("intake/", include("pehra.intake.urls")),
    path("outbox/", include("pehra.outbox.urls")),
    path("registry/", include("pehra.registry.urls")),
    path("report/", include("pehra.intake.views.open_urls")),
    path("scim/v2/", include("pehra.access.scim.urls")),
    path("", include("pehra.signals.urls")),
    path("telemetry/", include("pehra.telemetry.urls")),
    path("threads/", include("pehra.threads.urls")),
    path("answer/", include("pehra.threads.views.open.urls")),
]
handler400 = "pehra.web.refused.bad_request"
handler403 = "pehra.web.refused.forbidden"
handler404 = "pehra.web.refused.not_found"
handler500 = "pehra.web.refused.broken"
