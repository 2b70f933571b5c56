"""Django's registration of this part."""

from django.apps import AppConfig


class NodeConfig(AppConfig):
    """The part `node`: it has jobs of its own, and no table."""

    name = "pehra.node"
    label = "node"
