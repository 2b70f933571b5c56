"""Django's registration of this part."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The part `ledger`."""

    name = "pehra.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
