"""Django's registration of this part."""

from django.apps import AppConfig


class ThreadsConfig(AppConfig):
    """The part `threads`."""

    name = "pehra.threads"
    label = "threads"
    default_auto_field = "django.db.models.BigAutoField"
