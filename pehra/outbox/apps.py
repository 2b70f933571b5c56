"""Django's registration of this part."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """The part `outbox`."""

    name = "pehra.outbox"
    label = "outbox"
    default_auto_field = "django.db.models.BigAutoField"
