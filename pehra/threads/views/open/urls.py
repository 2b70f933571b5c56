"""Addresses of the page behind a letter's one-time link: short, since people type them from paper."""

from django.urls import path

from pehra.threads.views.open import answering

app_name = "answer"
urlpatterns = [
    path("<str:token>", answering.page, name="page"),
    path("<str:token>/", answering.page, name="page-slash"),
    path("<str:token>/say", answering.say, name="say"),
]
