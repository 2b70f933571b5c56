"""Addresses of signing in and of people."""

from django.urls import path

from pehra.access.views import people, signing

app_name = "access"
urlpatterns = [
    path("sign-in", signing.sign_in, name="sign-in"),
    path("sign-out", signing.sign_out, name="sign-out"),
    path("link/<str:token>", signing.link, name="link"),
    path("people/", people.people, name="people"),
]
