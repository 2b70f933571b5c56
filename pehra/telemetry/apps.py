"""Django's registration of this part."""

from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    """The part `telemetry`."""

    name = "pehra.telemetry"
    label = "telemetry"
    default_auto_field = "django.db.models.BigAutoField"
