"""The root of all addresses. A page belongs to its part; this file only says under which noun it stands."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
