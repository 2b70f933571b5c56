"""The Public Suffix List: under which suffixes names are given out. Read once, from the package's own file."""

from functools import cache

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


def is_registrable(name: str) -> bool:
    """Whether a name in its normal form is a registered one or stands below one."""
    return _suffixes().privatesuffix(name) is not None
