"""Addresses of who exists, what they hold and who answers."""

from django.urls import path

from pehra.registry import views

app_name = "registry"
urlpatterns = [
    path("who", views.who, name="who"),
    path("organisations/", views.organisations, name="organisations"),
    path("organisations/<str:code>/", views.organisation, name="organisation"),
    path("teams/", views.teams, name="teams"),
    path("teams/<str:code>/", views.team, name="team"),
]
