"""Who acts: a person, a service, or Pehra itself.

An actor is said once, at the door, with all that decides access; no rule looks anything up behind it.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class ActorKind(StrEnum):
    """What stands behind an act."""

    PERSON = "person"
    SERVICE = "service"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who acts.

    `teams` and `organisations` are the codes of the constituencies whose matters the actor may see;
    `permissions` are the names (`incidents.close`) of what the actor may do there. `guided` names the circles of teams
    that a permission may be held for at once: a team's code, with the codes of that team and those under its guidance.
    """

    id: str
    kind: ActorKind
    name: str
    teams: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    permissions: frozenset[str] = field(default_factory=frozenset)
    guided: tuple[tuple[str, frozenset[str]], ...] = ()

    @property
    def is_system(self) -> bool:
        """Whether Pehra itself acts: it sees every row, because it decides who else may."""
        return self.kind is ActorKind.SYSTEM


def system(part: str) -> Actor:
    """Return Pehra itself acting through one of its parts, such as `telemetry`."""
    return Actor(id=f"pehra.{part}", kind=ActorKind.SYSTEM, name=f"Pehra, {part}")
