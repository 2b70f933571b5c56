"""The Public Suffix List: under which suffixes names are given out. Read once, from the package's own file.

Names that RFC 2606 and RFC 7686 reserve count as given out: exercises and documents live under them.
"""

from functools import cache

from publicsuffixlist import PublicSuffixList

_RESERVED = frozenset({"example", "test", "invalid", "onion", "arpa"})


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


def is_registrable(name: str) -> bool:
    """Whether a name in its normal form is a registered one or stands below one."""
    head, _, top = name.rpartition(".")
    return bool(head and top in _RESERVED) or _suffixes().privatesuffix(name) is not None
