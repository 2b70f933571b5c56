"""The door of `vault`: keep a file as it was received, and give it back unchanged or sealed."""

from pehra.vault.gateways.folder import Broken, Full, Kept, TooLarge, keep, keep_stream, path_of, read, remove_leftovers
from pehra.vault.gateways.sealing import sealed

__all__ = ["Broken", "Full", "Kept", "TooLarge", "keep", "keep_stream", "path_of", "read", "remove_leftovers", "sealed"]
