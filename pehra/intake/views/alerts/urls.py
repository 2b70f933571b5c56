"""Addresses of the doors for other systems' programs, below their own noun; each is what that system's API has."""

from django.urls import path

from pehra.intake.views.alerts import iris, thehive

urlpatterns = [
    path("thehive/api/v1/alert", thehive.create, name="thehive-alert"),
    path("thehive/api/v1/alert/<str:alert_id>", thehive.one, name="thehive-alert-one"),
    path("thehive/api/v1/alert/<str:alert_id>/observable", thehive.observables, name="thehive-observable"),
    path("thehive/api/v1/user/current", thehive.me, name="thehive-me"),
    path("thehive/api/v1/status/public", thehive.status, name="thehive-status"),
    path("thehive/api/alert", thehive.create, name="thehive-v0-alert"),
    path("thehive/api/alert/<str:alert_id>", thehive.one_v0, name="thehive-v0-alert-one"),
    path("thehive/api/alert/<str:alert_id>/artifact", thehive.observables, name="thehive-v0-artifact"),
    path("thehive/api/user/current", thehive.me, name="thehive-v0-me"),
    path("thehive/api/status", thehive.status, name="thehive-v0-status"),
    path("iris/api/ping", iris.ping, name="iris-ping"),
    path("iris/api/versions", iris.versions, name="iris-versions"),
    path("iris/alerts/add", iris.add, name="iris-add"),
    path("iris/alerts/filter", iris.filtered, name="iris-filter"),
    path("iris/alerts/<int:alert_id>", iris.one, name="iris-one"),
    path("iris/alerts/update/<int:alert_id>", iris.update, name="iris-update"),
    path("iris/alerts/escalate/<int:alert_id>", iris.decide, name="iris-escalate"),
    path("iris/alerts/merge/<int:alert_id>", iris.decide, name="iris-merge"),
    path("iris/alerts/unmerge/<int:alert_id>", iris.decide, name="iris-unmerge"),
    path("iris/alerts/delete/<int:alert_id>", iris.decide, name="iris-delete"),
]
