"""The door of the node: what the command line may ask of it."""

from pehra.node.session import node_session

__all__ = ["node_session"]
