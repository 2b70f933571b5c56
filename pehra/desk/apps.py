"""Django's registration of this part."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The part `desk`."""

    name = "pehra.desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"
