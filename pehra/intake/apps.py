"""Django's registration of this part."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """The part `intake`."""

    name = "pehra.intake"
    label = "intake"
    default_auto_field = "django.db.models.BigAutoField"
