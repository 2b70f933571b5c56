"""Addresses of messages."""

from django.urls import path

from pehra.outbox import views

app_name = "outbox"
urlpatterns = [
    path("", views.listing, name="list"),
    path("<uuid:message_id>/", views.one, name="one"),
    path("<uuid:message_id>/again", views.again, name="again"),
    path("<uuid:message_id>/attachments/<int:position>", views.attachment, name="attachment"),
]
