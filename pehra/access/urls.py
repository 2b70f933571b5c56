"""Addresses of signing in and of people."""

from django.urls import path

from pehra.access import views

app_name = "access"
urlpatterns = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("link/<str:token>", views.link, name="link"),
    path("people/", views.people, name="people"),
]
