"""Django's registration of this part."""

from django.apps import AppConfig


class SignalsConfig(AppConfig):
    """The part `signals`."""

    name = "pehra.signals"
    label = "signals"
    default_auto_field = "django.db.models.BigAutoField"
