"""Addresses of threads."""

from django.urls import path

from pehra.threads.views import threads, writing

app_name = "threads"
urlpatterns = [
    path("", threads.listing, name="list"),
    path("delivered/", threads.delivered, name="delivered"),
    path("ticket", threads.ticket, name="ticket"),
    path("write", writing.write, name="write"),
    path("incident/<str:reference>/", threads.incident, name="incident"),
    path("<str:reference>/", threads.one, name="one"),
    path("<str:reference>/reply", threads.reply, name="reply"),
    path("<str:reference>/settle", threads.settle, name="settle"),
]
