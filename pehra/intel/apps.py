"""Django's registration of this part."""

from django.apps import AppConfig


class IntelConfig(AppConfig):
    """The part `intel`."""

    name = "pehra.intel"
    label = "intel"
    default_auto_field = "django.db.models.BigAutoField"
