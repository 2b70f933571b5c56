"""Addresses of signals: those of receivers, behind the door for programs, and the pages of whoever keeps the node."""

from django.urls import path

from pehra.signals.views import leaks, receiving, streams

app_name = "signals"
urlpatterns = [
    path(".well-known/ssf-configuration", receiving.configuration, name="configuration"),
    path("signals/streams", receiving.streams, name="receiver-streams"),
    path("signals/status", receiving.standing, name="receiver-status"),
    path("signals/subjects:add", receiving.add_subject, name="receiver-add-subject"),
    path("signals/subjects:remove", receiving.remove_subject, name="receiver-remove-subject"),
    path("signals/verify", receiving.verify, name="receiver-verify"),
    path("signals/poll/<uuid:stream_id>", receiving.poll, name="receiver-poll"),
    path("access/signals/", streams.listing, name="streams"),
    path("access/signals/bind", streams.bind, name="bind"),
    path("access/signals/unbind", streams.unbind, name="unbind"),
    path("access/signals/<uuid:stream_id>/pause", streams.pause, name="pause-stream"),
    path("access/signals/<uuid:stream_id>/resume", streams.resume, name="resume-stream"),
    path("access/signals/<uuid:stream_id>/verify", streams.verify, name="verify-stream"),
    path("access/signals/<uuid:stream_id>/again", streams.again, name="send-again"),
    # Under /signals/ no cookie counts: pages for people stand beside it.
    path("leaks/", leaks.listing, name="leaks"),
    path("leaks/new", leaks.receive, name="receive-leak"),
    path("leaks/<uuid:leak_id>/", leaks.one, name="leak"),
    path("leaks/accounts/<uuid:account_id>/", leaks.account, name="leaked-account"),
    path("leaks/accounts/<uuid:account_id>/test", leaks.test, name="test-leaked-secret"),
]
