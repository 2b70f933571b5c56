"""Addresses of signals: those of receivers, behind the door for programs, and the pages of whoever keeps the node."""

from django.urls import path

from pehra.signals.views import receiving

app_name = "signals"
urlpatterns = [
    path(".well-known/ssf-configuration", receiving.configuration, name="configuration"),
    path("signals/streams", receiving.streams, name="receiver-streams"),
    path("signals/status", receiving.status, name="receiver-status"),
    path("signals/subjects:add", receiving.add_subject, name="receiver-add-subject"),
    path("signals/subjects:remove", receiving.remove_subject, name="receiver-remove-subject"),
    path("signals/verify", receiving.verify, name="receiver-verify"),
    path("signals/poll/<uuid:stream_id>", receiving.poll, name="receiver-poll"),
]
