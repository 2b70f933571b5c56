"""Django's registration of this part."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """The part `incidents`."""

    name = "pehra.incidents"
    label = "incidents"
    default_auto_field = "django.db.models.BigAutoField"
