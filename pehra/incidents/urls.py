"""Addresses of incidents."""

from django.urls import path

from pehra.incidents.views import evidence, exchange, presence
from pehra.incidents.views import incidents as views

app_name = "incidents"
urlpatterns = [
    path("", views.listing, name="list"),
    path("export.csv", views.export, name="export"),
    path("<str:reference>/", views.one, name="one"),
    path("<str:reference>/present", presence.present, name="presence"),
    path("<str:reference>/move", views.move, name="move"),
    path("<str:reference>/severity", views.severity, name="severity"),
    path("<str:reference>/moment", views.moment, name="moment"),
    path("<str:reference>/facts", views.facts, name="facts"),
    path("<str:reference>/stage-sent", views.stage_sent, name="stage-sent"),
    path("<str:reference>/stage-withdrawn", views.stage_withdrawn, name="stage-withdrawn"),
    path("<str:reference>/document", exchange.document, name="document"),
    path("<str:reference>/evidence", evidence.listing, name="evidence"),
    path("<str:reference>/evidence/<int:number>/", evidence.one, name="evidence-one"),
    path("<str:reference>/evidence/<int:number>/custody.json", evidence.custody, name="evidence-custody"),
    path("<str:reference>/evidence/<int:number>/give-out", evidence.give_out, name="evidence-give-out"),
    path("<str:reference>/evidence/<int:number>/sealed", evidence.sealed, name="evidence-sealed"),
    path("<str:reference>/evidence/<int:number>/do/<str:what>", evidence.act, name="evidence-act"),
]
