"""The door of the node: what the command line may ask of it."""

from pehra.node.session import node_session, set_up_django

__all__ = ["node_session", "set_up_django"]
