"""Django's registration of this part."""

from pathlib import Path

from django.apps import AppConfig


class NodeConfig(AppConfig):
    """The part `node`: it has jobs of its own, and no table."""

    name = "pehra.node"
    label = "node"

    def ready(self) -> None:
        """Tell the law where this node's profiles lie, where they are not those that ship."""
        from django.conf import settings

        from pehra.law import api as law

        if settings.PEHRA_PROFILES:
            law.use_profiles_folder(Path(settings.PEHRA_PROFILES))
