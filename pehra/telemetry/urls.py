"""Addresses of inputs."""

from django.urls import path

from pehra.telemetry import views

app_name = "telemetry"
urlpatterns = [path("", views.listing, name="list")]
