"""Addresses of the desk."""

from django.urls import path

from pehra.desk import views

app_name = "desk"
urlpatterns = [
    path("views/save", views.save, name="save-view"),
    path("views/<uuid:view_id>/remove", views.remove, name="remove-view"),
]
