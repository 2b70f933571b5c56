"""Incidents that open: from findings, by law; and by hand.

Three triggers come from the machine road: the law obliges an incident for a finding; a later finding joins the live
incident of its key; one problem over many organisations, sectors or territories opens one widespread incident. The
origin key makes each of them happen once, however often the same outcome is brought here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from pehra.access import api as access
from pehra.findings import api as findings_api
from pehra.incidents import queries
from pehra.incidents.api import asking, drafts, duty_clocks, joining
from pehra.incidents.api.assessment import Assessor, Grading, finding_facts, strictest_marking
from pehra.incidents.api.drafts import Draft, Side
from pehra.incidents.models import Incident, IncidentFinding
from pehra.incidents.queries.families import lock_matters
from pehra.incidents.rules import opening as rules
from pehra.incidents.rules.attributes import WIDESPREAD
from pehra.kernel.actors import Actor
from pehra.kernel.reasons import Because
from pehra.kernel.sentences import Sentence
from pehra.law import api as law
from pehra.registry import api as registry

# Any fixed number: opening from findings happens one ingest at a time, so that two files with one problem meet as
# "open" and "join" and not as two inserts of one key.
OPENING_LOCK = 0x70656872_696E63
INCIDENT_OBLIGATION = "incident"
WOULD_BE = "would be"
SEEN_NOTE = Sentence("the moment it was first seen; it may have begun earlier")
LEARNED_NOTE = Sentence(
    "counted from when the team learned of it; when the organisation became aware is not known: supply it"
)


@dataclass(kw_only=True)
class _Batch:
    """One call's findings with what is known about their organisations, asked once."""

    findings: Sequence[findings_api.FindingView]
    new: frozenset[UUID]
    by: Actor
    at: datetime
    assessor: Assessor
    entities: dict[str, law.EntityFacts] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    opened: list[Incident] = field(default_factory=list)

    def learn(self, organisations: Iterable[str]) -> None:
        """Ask the registry about organisations that are not known here yet."""
        asked = sorted({code for code in organisations if code} - self.entities.keys())
        if asked:
            self.entities |= registry.entity_facts(asked)
            self.names |= registry.names(asked)

    def entity(self, finding: findings_api.FindingView) -> law.EntityFacts:
        """Return the facts about whose matter a finding is, without the name: no rule may ask for a name."""
        if not finding.organisation:
            return law.EntityFacts(sector=None, territory=finding.territory or None, classes=None, known=False)
        known = self.entities.get(finding.organisation)
        if known is not None:
            return known.without_name()
        return law.EntityFacts(sector=finding.sector or None, territory=finding.territory or None, classes=None)

    def side(self, finding: findings_api.FindingView) -> Side:
        """Return the organisation of a finding as an incident keeps it."""
        return Side(
            organisation=finding.organisation,
            name=self.names.get(finding.organisation, ""),
            entity=self.entity(finding),
            lead_team=finding.lead_team,
            teams=tuple(finding.teams),
        )

    def sides(self, findings: Iterable[findings_api.FindingView]) -> list[Side]:
        """Return the organisations of findings, each once."""
        return list({finding.organisation: self.side(finding) for finding in findings if finding.organisation}.values())


@transaction.atomic
def open_from_findings(*, outcome: findings_api.FoldOutcome, by: Actor, at: datetime) -> list[queries.IncidentView]:
    """Open or join incidents for new and reopened findings, by law. Return those opened; a re-run returns none."""
    access.require(by, access.Permission.INCIDENTS_OPEN)
    findings = [*outcome.new, *outcome.reopened]
    if not findings:
        return []
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [OPENING_LOCK])
    batch = _Batch(
        findings=findings,
        new=outcome.new_ids,
        by=by,
        at=at,
        assessor=Assessor.at(at),
    )
    batch.learn(finding.organisation for finding in findings)
    _open_obliged(batch)
    _open_widespread(batch)
    return queries.views(batch.opened)


def _open_obliged(batch: _Batch) -> None:
    obliged: list[tuple[findings_api.FindingView, str]] = []
    undecided: list[asking.Undecided] = []
    for finding in batch.findings:
        entity, facts = batch.entity(finding), finding_facts(finding)
        for obligation in batch.assessor.obligations(entity, facts):
            if obligation.kind == INCIDENT_OBLIGATION:
                obliged.append((finding, obligation.rule))
            elif obligation.because.facts.get(WOULD_BE) == INCIDENT_OBLIGATION:
                undecided.append((finding, obligation, batch.assessor.marking(entity, facts)))
    asking.ask(undecided, by=batch.by, at=batch.at)
    openings = rules.group(obliged)
    live, fresh = _settle(openings, batch)
    for incident, opening in live:
        joining.join(incident, findings=[found.id for found in opening.findings], by=batch.by, at=batch.at)
    batch.opened += drafts.write(
        [_draft(opening, batch) for opening in fresh], assessor=batch.assessor, by=batch.by, at=batch.at
    )


def _settle(
    openings: Sequence[rules.Opening[findings_api.FindingView]], batch: _Batch
) -> tuple[
    list[tuple[Incident, rules.Opening[findings_api.FindingView]]], list[rules.Opening[findings_api.FindingView]]
]:
    """Part the openings into those whose incident lives already and those to open.

    A new finding that an ended incident of the same key holds was judged there: it opens nothing. One that was mended
    and came back is a new matter.
    """
    ids = [finding.id for opening in openings for finding in opening.findings]
    live, held = _known([opening.key for opening in openings], ids)
    joins, fresh = [], []
    for opening in openings:
        judged = {finding.id for finding in opening.findings if (opening.key, finding.id) in held}
        if opening.key in live:
            opening.findings = [finding for finding in opening.findings if finding.id not in judged]
            joins.append((live[opening.key], opening))
            continue
        opening.findings = [finding for finding in opening.findings if finding.id not in judged & batch.new]
        if opening.findings:
            fresh.append(opening)
    return joins, fresh


def _known(keys: Sequence[str], ids: Sequence[UUID]) -> tuple[dict[str, Incident], set[tuple[str, UUID]]]:
    """Return the live incidents of some keys, locked, and which of some findings an incident of a key holds."""
    there = Incident.objects.filter(origin_key__in=keys, ended_at__isnull=True).values_list("id", flat=True)
    # What joins a part concerns the whole, so that both are held; one that ended while we waited is not live.
    wanted = set(keys)
    locked = lock_matters(there).values()
    live = [row for row in locked if row.origin_key in wanted and row.ended_at is None]
    held = IncidentFinding.objects.filter(incident__origin_key__in=keys, finding__in=ids)
    return {row.origin_key: row for row in live}, set(held.values_list("incident__origin_key", "finding"))


def _draft(opening: rules.Opening[findings_api.FindingView], batch: _Batch) -> Draft:
    first = opening.findings[0]
    side = batch.side(first)
    obliged = [
        obligation
        for obligation in batch.assessor.obligations(side.entity, finding_facts(first))
        if obligation.rule == opening.rule
    ]
    facts, grading, marking = _judge(opening.problem, opening.findings, batch)
    where = side.name or side.organisation or first.asset or first.subject
    return Draft(
        title=rules.title(problem=opening.problem, where=where),
        entity=side.entity,
        facts=facts,
        grading=grading,
        marking=marking,
        sides=[side],
        findings=[finding.id for finding in opening.findings],
        moments=_moments(opening.findings, batch),
        because=[obligation.because for obligation in obliged],
        rule=opening.rule,
        key=opening.key,
    )


def _judge(
    problem: rules.Problem,
    findings: Iterable[findings_api.FindingView],
    batch: _Batch,
    *,
    is_widespread: bool = False,
) -> tuple[law.IncidentFacts, Grading, law.Marking]:
    """Return what the law says of a group of findings: as grave as its gravest, marked as its strictest.

    Which attributes the incident has (ransomware, an established breach) no machine knows: unknown until a person says.
    That it is widespread is counted, and says nothing of the others.
    """
    distinct = {(batch.entity(finding), finding_facts(finding)) for finding in findings}
    grading = batch.assessor.gravest(batch.assessor.grading(entity, facts) for entity, facts in distinct)
    marking = strictest_marking([batch.assessor.marking(entity, facts) for entity, facts in distinct])
    facts = law.IncidentFacts(
        taxonomy=problem.taxonomy,
        type=problem.type,
        severity=grading.level or None,
        attributes=law.Attributes.known({WIDESPREAD: True} if is_widespread else {}),
    )
    return facts, grading, marking


def _moments(findings: Iterable[findings_api.FindingView], batch: _Batch) -> dict[str, dict[str, str]]:
    """Return what the machine knows: when it was first seen, and when the team learned. The rest stays unknown."""
    first = min(finding.first_seen for finding in findings)
    return {
        "occurrence": duty_clocks.moment(value=first, by=batch.by.id, at=batch.at, note=SEEN_NOTE),
        "awareness": duty_clocks.moment(value=batch.at, by=batch.by.id, at=batch.at, note=LEARNED_NOTE),
    }


def _open_widespread(batch: _Batch) -> None:
    """Open or join an incident for each problem over many; what was judged opens nothing, unless it came back."""
    rule = law.widespread(batch.assessor.profile, on=batch.assessor.on)
    if rule is None:
        return
    by_problem: dict[tuple[str, rules.Problem], list[findings_api.FindingView]] = {}
    for finding in batch.findings:
        if finding.organisation and rule.concerns(finding.taxonomy):
            by_problem.setdefault((finding.kind, rules.problem_of(finding)), []).append(finding)
    keys = {problem: rules.origin_key(rule=rule.rule, concern="", problem=problem) for _, problem in by_problem}
    live, held = _known(list(keys.values()), [finding.id for findings in by_problem.values() for finding in findings])
    for (kind, problem), findings in by_problem.items():
        key = keys[problem]
        if key in live:
            _join_widespread(live[key], [finding for finding in findings if (key, finding.id) not in held], batch)
        elif any((key, finding.id) not in held or finding.id not in batch.new for finding in findings):
            spread = _spread(kind, findings, rule)
            if rule.is_reached(
                organisations=len(spread.organisations),
                sectors=len(spread.sectors),
                territories=len(spread.territories),
            ):
                live[key] = _write_widespread(kind, problem, key, rule, spread, batch)


def _join_widespread(incident: Incident, findings: Sequence[findings_api.FindingView], batch: _Batch) -> None:
    because = Because(**incident.because[0])
    joining.join(
        incident,
        findings=[finding.id for finding in findings],
        sides=batch.sides(findings),
        informed=_informed(findings, because),
        by=batch.by,
        at=batch.at,
    )


def _informed(findings: Iterable[findings_api.FindingView], because: Because) -> list[law.TeamRole]:
    """Return that each team which leads for one of the sides is informed, and why."""
    leads = sorted({finding.lead_team for finding in findings if finding.lead_team})
    return [law.TeamRole(team=team, role="inform", because=because) for team in leads]


def _spread(
    kind: str, findings: Sequence[findings_api.FindingView], rule: law.WidespreadRule
) -> findings_api.KindSpread:
    """Return how far a kind has spread within the window that ends with its newest sighting.

    The window lies in the time of what was seen: a feed that comes in two days late says the same as one in time.
    """
    newest = max(finding.last_seen for finding in findings)
    return findings_api.recent_by_kind(kind=kind, since=newest - rule.window, until=newest)


def _write_widespread(
    kind: str,
    problem: rules.Problem,
    key: str,
    rule: law.WidespreadRule,
    spread: findings_api.KindSpread,
    batch: _Batch,
) -> Incident:
    """Open one incident for a problem over many; the national team leads by law, each side's lead is informed."""
    entity = law.EntityFacts()
    everyone = spread.findings
    batch.learn(spread.organisations)
    facts, _, marking = _judge(problem, everyone, batch, is_widespread=True)
    grading = batch.assessor.grading_of(entity, facts)
    counted = {
        "kind": kind,
        "organisations": len(spread.organisations),
        "sectors": len(spread.sectors),
        "territories": len(spread.territories),
    }
    because = replace(rule.because, facts={**rule.because.facts, **counted})
    draft = Draft(
        title=rules.title(problem=problem, where="widespread"),
        entity=entity,
        facts=replace(facts, severity=grading.level or None),
        grading=grading,
        marking=marking,
        sides=batch.sides(everyone),
        findings=[finding.id for finding in everyone],
        moments=_moments(everyone, batch),
        informed=_informed(everyone, because),
        because=[because],
        rule=rule.rule,
        key=key,
        widespread=True,
    )
    (incident,) = drafts.write([draft], assessor=batch.assessor, by=batch.by, at=batch.at)
    batch.opened.append(incident)
    return incident
