"""Django's registration of this part."""

from django.apps import AppConfig


class DrillConfig(AppConfig):
    """The part `drill`."""

    name = "pehra.drill"
    label = "drill"
    default_auto_field = "django.db.models.BigAutoField"
