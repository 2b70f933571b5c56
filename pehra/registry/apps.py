"""Django's registration of this part."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """The part `registry`."""

    name = "pehra.registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"
