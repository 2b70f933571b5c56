"""Django's registration of this part."""

from django.apps import AppConfig


class FindingsConfig(AppConfig):
    """The part `findings`."""

    name = "pehra.findings"
    label = "findings"
    default_auto_field = "django.db.models.BigAutoField"
