"""Ten days of a small country under a virtual clock: feeds come in, people act at random, and what must hold, holds.

The same seed gives the same ten days. A failure names the seed and the hour.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from pehra.findings import api as findings_api
from pehra.findings.rules.sightings import SCHEMA
from pehra.incidents import api
from pehra.incidents.models import Clock, Incident
from pehra.incidents.rules import clocks as clock_rules
from pehra.incidents.rules.states import LIVE, State
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Refusal
from pehra.ledger import api as ledger
from pehra.ledger.models import LedgerEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]

HOURS = timedelta(hours=10)
TICKS = 24
ACTS_A_TICK = 4
OWNERS = (
    {"organisation": "org-0001", "sector": "telecom", "lead_team": "ntcert", "teams": ["ntcert", "pkcert"]},
    {
        "organisation": "org-0003",
        "sector": "government",
        "lead_team": "punjab-cert",
        "teams": ["punjab-cert", "pkcert"],
    },
    {"organisation": "org-0004", "sector": "commerce", "lead_team": "pkcert", "teams": ["pkcert"]},
    {"organisation": "org-0006", "sector": "telecom", "lead_team": "ntcert", "teams": ["ntcert", "pkcert"]},
)
MALWARE = ("andromeda", "mirai", "emotet")
TYPES = ("infected-system", "c2-server")


@dataclass
class World:
    """The country as it goes on: its clock, what came in, and what was seen of it."""

    chance: random.Random
    now: datetime
    machine: Actor
    people: tuple[Actor, ...]
    sighting: Any
    of_side: Any
    outcomes: list[findings_api.FoldOutcome] = field(default_factory=list)
    moved: int = 0
    clocks_seen: set[UUID] = field(default_factory=set)
    ended_clocks: dict[UUID, tuple[str, datetime | None]] = field(default_factory=dict)

    def feed(self) -> None:
        """Take in a feed; now and then the same outcome comes a second time, as after a crash."""
        seen = {"first_seen": self.now - HOURS, "last_seen": self.now - timedelta(minutes=5)}
        rows = [
            self.sighting(
                **self.chance.choice(OWNERS),
                malware_name=self.chance.choice(MALWARE),
                classification_type=self.chance.choice(TYPES),
                **seen,
            )
            for _ in range(self.chance.randrange(6))
        ]
        if self.chance.random() < 0.1:
            rows += [self.of_side(number, **seen) for number in self.chance.sample(range(30), 22)]
        if rows:
            frame = pl.DataFrame(rows, schema=SCHEMA)
            self.outcomes.append(findings_api.fold(sightings=frame, by=self.machine, at=self.now))
            api.open_from_findings(outcome=self.outcomes[-1], by=self.machine, at=self.now)
        if self.outcomes and self.chance.random() < 0.3:
            again = self.chance.choice(self.outcomes)
            assert api.open_from_findings(outcome=again, by=self.machine, at=self.now) == []

    def act(self) -> None:
        """Let somebody do something to some incident; a refusal is an answer too."""
        by = self.chance.choice(self.people)
        rows = api.incidents(by=by, state="live").rows
        if not rows:
            return
        view = self.chance.choice(rows)
        said: dict[str, Any] = {"ref": view.reference, "by": by, "at": self.now}
        try:
            match self.chance.randrange(6):
                case 0:
                    api.move(to=self.chance.choice(list(State)), reason="as it is", **said)
                    self.moved += 1
                case 1:
                    level = self.chance.choice(["low", "medium", "high", "critical"])
                    api.set_severity(severity=level, reason="as it is", **said)
                case 2:
                    name = self.chance.choice(["awareness", "discovery", "occurrence", "ransom_payment"])
                    ago = timedelta(hours=self.chance.randrange(100))
                    api.supply_moment(name=name, moment=self.now - ago, **said)
                case 3:
                    owed = self.chance.choice(view.clocks)
                    api.record_stage_sent(duty=owed.duty, stage=owed.stage, **said)
                case 4:
                    owed = self.chance.choice(view.clocks)
                    api.withdraw_clock(duty=owed.duty, stage=owed.stage, reason="not owed", **said)
                case 5:
                    api.state_facts(attributes=self.chance.choice([[], ["ransomware"]]), reason="seen", **said)
        except Refusal:
            return

    def pass_time(self) -> None:
        self.now += HOURS
        while api.advance_clocks(at=self.now, limit=7):
            pass


def hold(world: World) -> None:
    """What must hold after every tick."""
    clocks = list(Clock.objects.select_related("incident"))
    for clock in clocks:
        assert clock.because["rule"]
        if clock.state in clock_rules.TICKING:
            assert clock.fires_at is not None
            assert clock.fires_at > world.now
            assert clock.due_at is not None
            assert clock.due_at > world.now
        if clock.state == "overdue":
            assert clock.due_at is not None
            assert clock.due_at <= world.now
        if clock.state in clock_rules.OWED:
            assert clock.incident.state in LIVE
        assert set(clock.teams) == wall(clock)
    seen = {clock.pk for clock in clocks}
    assert world.clocks_seen <= seen, "a clock disappeared"
    world.clocks_seen = seen
    ended = {clock.pk: (clock.state, clock.ended_at) for clock in clocks if clock.state in clock_rules.ENDED}
    assert world.ended_clocks.items() <= ended.items(), "what had ended changed"
    world.ended_clocks = ended
    for incident in Incident.objects.all():
        assert incident.lead_team in incident.teams
        assert incident.severity
        assert incident.because
        assert all(role["because"]["rule"] for role in incident.roles)


def wall(clock: Clock) -> set[str]:
    """Who reads a clock: the incident's teams; of one organisation's in a widespread incident, its own and the lead."""
    incident = clock.incident
    if not (incident.widespread and clock.organisation):
        return set(incident.teams)
    side = incident.organisations.get(organisation=clock.organisation)
    return {team for team in (incident.lead_team, side.lead_team, *side.teams) if team}


def told(event: str) -> int:
    return LedgerEntry.objects.filter(event=event).count()


@pytest.mark.parametrize("seed", [1])
def test_ten_days(
    seed: int,
    at: datetime,
    machine: Actor,
    analyst: Actor,
    sector_analyst: Actor,
    provincial_analyst: Actor,
    stranger: Actor,
    sighting: Any,
    of_side: Any,
) -> None:
    world = World(
        chance=random.Random(seed),
        now=at,
        machine=machine,
        people=(analyst, sector_analyst, provincial_analyst),
        sighting=sighting,
        of_side=of_side,
    )
    for tick in range(TICKS):
        try:
            world.feed()
            for _ in range(ACTS_A_TICK):
                world.act()
            world.pass_time()
            hold(world)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, hour {10 * tick}: {error}") from error
    _whole_story(world, stranger)


def _whole_story(world: World, stranger: Actor) -> None:
    incidents = Incident.objects.all()
    assert incidents.filter(widespread=True).exists()
    assert Clock.objects.filter(state="overdue").exists()
    assert told("incidents.opened") == incidents.count()
    assert told("incidents.moved") == world.moved
    assert told("incidents.clock.started") == Clock.objects.count()
    fired = Counter(
        (entry.facts["clock"], entry.facts["due"], entry.event)
        for row in incidents
        for entry in ledger.history(subject=row.reference, by=world.machine)
        if entry.event in {"incidents.clock.due_soon", "incidents.clock.overdue"}
    )
    assert fired
    assert set(fired.values()) == {1}, "a warning was given twice for one due time"
    _require_every_obliged_finding_held(world)
    assert api.incidents(by=stranger).rows == ()
    while ledger.place_entries(at=world.now):
        pass
    assert ledger.verify().ok


def _require_every_obliged_finding_held(world: World) -> None:
    held = {finding for row in Incident.objects.all() for finding in row.findings.values_list("finding", flat=True)}
    critical = {"org-0001", "org-0006"}
    obliged = {view.id for outcome in world.outcomes for view in outcome.new if view.organisation in critical}
    assert obliged <= held
