"""The door of `vault`: keep a file as it was received, give it back unchanged or sealed, and let it go at its end."""

from pehra.vault.gateways.folder import (
    Broken,
    Full,
    Kept,
    Lying,
    TooLarge,
    keep,
    keep_stream,
    lies,
    lying,
    path_of,
    read,
    remove,
    remove_leftovers,
)
from pehra.vault.gateways.naming import ASKED_AT_ONCE_MAX, named
from pehra.vault.gateways.sealing import sealed

__all__ = [
    "ASKED_AT_ONCE_MAX",
    "Broken",
    "Full",
    "Kept",
    "Lying",
    "TooLarge",
    "keep",
    "keep_stream",
    "lies",
    "lying",
    "named",
    "path_of",
    "read",
    "remove",
    "remove_leftovers",
    "sealed",
]
