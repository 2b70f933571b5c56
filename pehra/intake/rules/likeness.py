"""When two reports are about one thing: which signs count, how strong each is, and for how long.

Pure. A group is a proposal with its reasons, and decides nothing. What stands in every other mail (a class of
vulnerability, a whole network, the reporter's own address, a constituent's own name) is no sign.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from pehra.kernel.observables import ObservableType

WINDOW = timedelta(days=7)
REASONS_MAX = 10
OF_EACH_SIGN_MAX = 20
OBSERVABLES_COMPARED_MAX = 200


class Sign(StrEnum):
    """What two reports share."""

    SAME_BYTES = "same-bytes"
    SAME_SOURCE = "same-source"
    SAME_FILE = "same-file"
    SAME_OBSERVABLE = "same-observable"


STRENGTH: dict[Sign, int] = {Sign.SAME_BYTES: 100, Sign.SAME_SOURCE: 80, Sign.SAME_FILE: 50, Sign.SAME_OBSERVABLE: 30}
# From here on one report says what another said: shown as a duplicate.
DUPLICATE_FROM = 80

_TELLING = frozenset(
    {
        ObservableType.IPV4,
        ObservableType.IPV6,
        ObservableType.DOMAIN,
        ObservableType.URL,
        ObservableType.EMAIL,
        ObservableType.MD5,
        ObservableType.SHA1,
        ObservableType.SHA256,
        ObservableType.SHA512,
    }
)


@dataclass(frozen=True, kw_only=True)
class Shared:
    """One sign that a report shares with another, named by its id and group."""

    sign: Sign
    value: str
    report: str
    group: str


def is_telling(*, type: ObservableType, value: str, is_owned: bool, reporter_email: str) -> bool:
    """Whether sharing this observable says that two reports are about one thing."""
    if type not in _TELLING:
        return False
    mailbox, _, domain = reporter_email.lower().rpartition("@")
    if type is ObservableType.EMAIL:
        return not (mailbox and value == reporter_email.lower())
    if type is ObservableType.DOMAIN:
        # What a constituent is called is in every report about it.
        return not is_owned and not (domain and (value == domain or domain.endswith(f".{value}")))
    return True


def best_group(shared: list[Shared]) -> tuple[str, list[Shared]]:
    """Return the group with which most is shared, the older of equals, and the reasons, the strongest first."""
    groups: dict[str, list[Shared]] = {}
    for one in shared:
        groups.setdefault(one.group, []).append(one)
    if not groups:
        return "", []
    chosen = min(groups, key=lambda group: (-_weight(groups[group]), group))
    seen: dict[tuple[Sign, str], Shared] = {}
    for one in sorted(groups[chosen], key=lambda one: (-STRENGTH[one.sign], one.value, one.report)):
        seen.setdefault((one.sign, one.value), one)
    return chosen, list(seen.values())[:REASONS_MAX]


def _weight(shared: list[Shared]) -> int:
    return sum(STRENGTH[sign] for sign, _value in {(one.sign, one.value) for one in shared})
