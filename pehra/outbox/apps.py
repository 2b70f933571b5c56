"""Django's registration of this part."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """The part `outbox`."""

    name = "pehra.outbox"
    label = "outbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Offer to send what is told about people's access: this part lies above the one that tells."""
        from pehra.access import api as access
        from pehra.outbox import api

        access.tell_through(api.tell_of_access)
