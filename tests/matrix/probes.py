"""How each use case is tried: with a matter of one place, by one actor; what it answers becomes a letter.

A probe that changes something runs in a savepoint that is undone. `sees` says whether a matter of the place is in what
a list shows; `acts` only that the use case went through. A use case without a probe is named in the golden file of
exceptions, which may only shrink.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.intel import api as intel
from pehra.kernel.actors import Actor
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.registry import api as registry
from pehra.telemetry import api as telemetry
from tests.matrix.world import AT, Place

WHY = {"reason": "tried", "at": AT}


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One use case, tried. `anywhere` says that it has no matter of somebody's: once a role is enough."""

    run: Callable[[Place, Actor], Any]
    shows: bool = False
    anywhere: bool = False
    hidden: bool = False
    incomplete: bool = False


def acts(
    run: Callable[[Place, Actor], Any], *, anywhere: bool = False, hidden: bool = False, incomplete: bool = False
) -> Probe:
    """A use case that goes through or is refused.

    A `hidden` matter is refused in the words for an absent one; an `incomplete` one is, to who may, for what it lacks.
    """
    return Probe(run=run, anywhere=anywhere, hidden=hidden, incomplete=incomplete)


def sees(run: Callable[[Place, Actor], bool], *, anywhere: bool = False) -> Probe:
    """A list, or a number: whether the place's matter is in it."""
    return Probe(run=run, shows=True, anywhere=anywhere)


FILES: dict[str, Path] = {}
"""Input files, made once by the test that uses the probes."""


def _open_incident(place: Place, by: Actor) -> Any:
    facts = law.IncidentFacts(
        taxonomy="malicious-code",
        type="infected-system",
        severity=None,
        attributes=law.Attributes.complete(()),
        impact={},
    )
    profile = law.load("pk")
    marking = law.sharing(profile, entity=law.EntityFacts(), on=AT.date())
    return incidents.open_incident(
        title="Tried",
        organisations=[place.organisation],
        facts=facts,
        moments={},
        marking=marking,
        by=by,
        at=AT,
    )


PROBES: dict[str, Probe] = {
    # findings
    "findings.finding": acts(lambda p, by: findings.finding(finding_id=p.finding, by=by)),
    "findings.history": acts(lambda p, by: findings.history(finding_id=p.finding, by=by)),
    "findings.findings": sees(lambda p, by: p.finding in {row.id for row in findings.findings(by=by, limit=100)}),
    "findings.every_finding": sees(
        lambda p, by: p.finding in {row.id for row in findings.every_finding(by=by, limit=100)}
    ),
    "findings.some": sees(lambda p, by: bool(findings.some(ids=[p.finding], by=by))),
    "findings.mark_fixed": acts(lambda p, by: findings.mark_fixed(finding_id=p.finding, by=by, **WHY)),
    "findings.verify": acts(lambda p, by: findings.verify(finding_id=p.fixed, by=by, **WHY)),
    "findings.notices": sees(lambda p, by: p.organisation in {row.organisation for row in findings.notices(by=by)}),
    "findings.counts_by": sees(lambda p, by: bool(findings.counts_by("sector", by=by)), anywhere=True),
    "findings.totals": sees(lambda p, by: findings.totals(by=by).open > 0, anywhere=True),
    "findings.reopen": acts(lambda p, by: findings.reopen(finding_id=p.fixed, by=by, **WHY)),
    # incidents
    "incidents.incident": acts(lambda p, by: incidents.incident(p.incident, by=by)),
    "incidents.incidents": sees(lambda p, by: p.incident in {r.reference for r in incidents.incidents(by=by).rows}),
    "incidents.every_incident": sees(
        lambda p, by: p.incident in {row.reference for row in incidents.every_incident(by=by, limit=100)}
    ),
    "incidents.move": acts(lambda p, by: incidents.move(ref=p.incident, to="contained", by=by, **WHY)),
    "incidents.move (close)": acts(lambda p, by: incidents.move(ref=p.contained, to="closed", by=by, **WHY)),
    "incidents.set_severity": acts(lambda p, by: incidents.set_severity(ref=p.incident, severity="high", by=by, **WHY)),
    "incidents.state_facts": acts(
        lambda p, by: incidents.state_facts(ref=p.incident, attributes=["ransomware"], by=by, **WHY)
    ),
    "incidents.supply_moment": acts(
        lambda p, by: incidents.supply_moment(ref=p.incident, name="awareness", moment=AT, by=by, at=AT)
    ),
    "incidents.open_incident": acts(_open_incident, hidden=True),
    "incidents.counts": sees(lambda p, by: incidents.counts(by=by).live > 0, anywhere=True),
    "incidents.next_clocks": sees(
        lambda p, by: p.incident in {row.incident.reference for row in incidents.next_clocks(by=by, limit=100)}
    ),
    "incidents.record_stage_sent": acts(
        lambda p, by: incidents.record_stage_sent(ref=p.incident, duty="tried-duty", stage="report", by=by, at=AT)
    ),
    "incidents.withdraw_clock": acts(
        lambda p, by: incidents.withdraw_clock(ref=p.incident, duty="tried-duty", stage="report", by=by, **WHY)
    ),
    # outbox
    "outbox.message": acts(lambda p, by: outbox.message(message_id=p.message, by=by)),
    "outbox.messages": sees(lambda p, by: p.message in {row.id for row in outbox.messages(by=by)}),
    "outbox.attachment_content": acts(lambda p, by: outbox.attachment_content(message_id=p.message, position=0, by=by)),
    "outbox.queue_again": acts(lambda p, by: outbox.queue_again(message_id=p.message, by=by, **WHY)),
    # registry
    "registry.organisation": acts(lambda p, by: registry.organisation(p.organisation, by=by)),
    "registry.organisations": sees(
        lambda p, by: p.organisation in {row.code for row in registry.organisations(by=by, limit=50).items}
    ),
    "registry.every_organisation": sees(
        lambda p, by: p.organisation in {row.code for row in registry.every_organisation(by=by)}
    ),
    "registry.code_of": sees(lambda p, by: registry.code_of(f"Works of {p.name}", by=by) == p.organisation),
    "registry.named_facts": acts(lambda p, by: registry.named_facts([p.organisation], by=by), hidden=True),
    "registry.team": acts(lambda p, by: registry.team(p.team, by=by)),
    "registry.teams": sees(lambda p, by: p.team in {row.code for row in registry.teams(by=by)}),
    "registry.who": sees(
        lambda p, by: (
            p.organisation
            in {said.organisation for said in registry.who(observables=[p.asset[:-4] + "1"], on=AT.date(), by=by)}
        )
    ),
    "registry.import_csv": acts(
        lambda p, by: registry.import_csv(path=FILES["organisations"], kind="organisations", by=by, at=AT),
        anywhere=True,
    ),
    # ledger
    "ledger.view": acts(lambda p, by: ledger.view(p.entry, by=by)),
    "ledger.recent": sees(lambda p, by: p.entry in {row.id for row in ledger.recent(by=by, before=None, limit=500)}),
    "ledger.history": sees(lambda p, by: p.entry in {row.id for row in ledger.history(subject=p.incident, by=by)}),
    "ledger.prove": acts(lambda p, by: ledger.prove(p.entry, by=by)),
    # telemetry and intel: no constituency's matters
    "telemetry.recent_inputs": sees(lambda p, by: bool(telemetry.recent_inputs(by=by)), anywhere=True),
    "telemetry.query": acts(lambda p, by: telemetry.query("select 1 as one", by=by), anywhere=True),
    "intel.indicators": sees(lambda p, by: bool(intel.indicators(by=by, at=AT)), anywhere=True),
    "intel.import_indicators": acts(
        lambda p, by: intel.import_indicators(path=FILES["indicators"], source="tried", by=by, at=AT), anywhere=True
    ),
}
