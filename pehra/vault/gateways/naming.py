"""Which rows name a file: asked of every part that keeps one. The node says which those are; the vault knows none.

The settings list one function a part. Each is given some hashes and returns those that a row of its own names, so that
nobody ever has to know all hashes at once.
"""

from collections.abc import Callable, Collection, Sequence

from django.conf import settings
from django.utils.module_loading import import_string

ASKED_AT_ONCE_MAX = 500


def named(among: Sequence[str]) -> set[str]:
    """Return those of some hashes that a row of any part names."""
    found: set[str] = set()
    for name in settings.PEHRA_VAULT_NAMED_BY:
        ask: Callable[[Collection[str]], set[str]] = import_string(name)
        for start in range(0, len(among), ASKED_AT_ONCE_MAX):
            found |= ask(among[start : start + ASKED_AT_ONCE_MAX])
    return found
