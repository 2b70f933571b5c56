"""Addresses of who exists, what they hold and who answers, and of how organisations stand against controls."""

from django.urls import path

from pehra.registry.views import controls, directory, keys

app_name = "registry"
_OF = "organisations/<str:code>/controls/"
_ONE = f"{_OF}<uuid:assessment_id>/"
urlpatterns = [
    path("who", directory.who, name="who"),
    path("organisations/", directory.organisations, name="organisations"),
    path("organisations/<str:code>/", directory.organisation, name="organisation"),
    path("teams/", directory.teams, name="teams"),
    path("teams/<str:code>/", directory.team, name="team"),
    path("keys/<str:code>/", keys.keys, name="keys"),
    path("controls/", controls.overview, name="controls-overview"),
    path(_OF, controls.standing, name="controls"),
    path(f"{_OF}open", controls.open_one, name="controls-open"),
    path(_ONE, controls.one, name="assessment"),
    path(f"{_ONE}answer/<str:theme>", controls.answer, name="assessment-answer"),
    path(f"{_ONE}submit", controls.submit, name="assessment-submit"),
    path(f"{_ONE}review", controls.review, name="assessment-review"),
    path(f"{_ONE}evidence/<uuid:evidence_id>", controls.evidence, name="assessment-evidence"),
    path(f"{_ONE}export.<str:form>", controls.export, name="assessment-export"),
]
