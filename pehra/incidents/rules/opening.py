"""Which findings make one incident, and under which key it is known.

One rule, one organisation, one family of problem: five hundred hosts of one organisation with the same malware are
one incident with five hundred findings. The key says the same next time, so a re-run or a later finding joins and
opens nothing twice. A widespread incident is keyed by the rule and the problem alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Generic, Protocol, TypeVar

ORIGIN_KEY_LENGTH_MAX = 400
TITLE_LENGTH_MAX = 300


class FindingLike(Protocol):
    """What grouping needs to know of a finding."""

    @property
    def organisation(self) -> str:
        """Code of the organisation concerned, empty when nobody is known."""

    @property
    def asset(self) -> str:
        """The registered asset concerned."""

    @property
    def taxonomy(self) -> str:
        """RSIT class."""

    @property
    def type(self) -> str:
        """RSIT type."""

    @property
    def identifier(self) -> str:
        """The feed's own word for the problem."""

    @property
    def malware(self) -> str:
        """Name of the malware, empty when none."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A family of problem: what makes two findings of one organisation the same matter."""

    taxonomy: str
    type: str
    name: str

    @property
    def key(self) -> str:
        """The family as one word of an origin key."""
        return f"{self.taxonomy}/{self.type}/{self.name}"


F = TypeVar("F", bound=FindingLike)


@dataclass(kw_only=True)
class Opening(Generic[F]):
    """Findings that belong into one incident."""

    key: str
    rule: str
    organisation: str
    problem: Problem
    findings: list[F] = field(default_factory=list)


def problem_of(finding: FindingLike) -> Problem:
    """Return the family of a finding. The malware names it; without one the feed's identifier does.

    Feeds report one malware under many identifiers (sinkhole, drone, beacon): to the organisation they are one matter.
    """
    name = (finding.malware or finding.identifier or finding.type).strip().casefold()
    return Problem(taxonomy=finding.taxonomy, type=finding.type, name=name)


def concern_of(finding: FindingLike) -> str:
    """Return whose matter a finding is: its organisation, or the asset where nobody is known."""
    return finding.organisation or f"asset:{finding.asset}"


def origin_key(*, rule: str, concern: str, problem: Problem) -> str:
    """Return the key under which an incident is opened once; `concern` is empty for a widespread one."""
    key = f"{rule}|{concern}|{problem.key}"
    if len(key) <= ORIGIN_KEY_LENGTH_MAX:
        return key
    # Cut names must not make two matters one: the whole key's digest keeps them apart.
    digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{key[: ORIGIN_KEY_LENGTH_MAX - len(digest) - 1]}:{digest}"


def group(obliged: Iterable[tuple[F, str]]) -> list[Opening[F]]:
    """Gather findings, each with the rule that asks for an incident, into one opening a (rule, organisation,
    problem)."""
    openings: dict[str, Opening[F]] = {}
    for finding, rule in obliged:
        problem = problem_of(finding)
        key = origin_key(rule=rule, concern=concern_of(finding), problem=problem)
        opening = openings.get(key)
        if opening is None:
            opening = openings[key] = Opening(key=key, rule=rule, organisation=finding.organisation, problem=problem)
        opening.findings.append(finding)
    return list(openings.values())


def title(*, problem: Problem, where: str) -> str:
    """Return the title of an incident that a rule opened: the problem and whose it is."""
    kind = problem.type.replace("-", " ").capitalize()
    name = "" if problem.name in {problem.type, ""} else f" ({problem.name})"
    return f"{kind}{name}: {where}"[:TITLE_LENGTH_MAX]


def highest(levels: Iterable[str], *, order: tuple[str, ...]) -> str:
    """Return the highest of some severity levels, empty when none is known. A level outside the scale counts lowest."""
    known = [level for level in levels if level]
    return max(known, key=lambda level: order.index(level) if level in order else -1, default="")
