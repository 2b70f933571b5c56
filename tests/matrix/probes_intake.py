"""How the use cases of `intake` are tried: on a report that one team decides about and one organisation sent in."""

from typing import Any
from uuid import UUID

from pehra.intake import api as intake
from pehra.intake.api import Act, Channel, Chosen, Filters, Reporter, Said
from pehra.intake.models import Report
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from tests.matrix.intake_rows import MAPPING, RAW, keep_raw
from tests.matrix.probes import WHY, Probe, acts, sees
from tests.matrix.world import AT, Place


def _this(place: Place) -> Chosen:
    return Chosen(references=(place.report,))


def _received(place: Place, by: Actor) -> Any:
    who = Reporter(organisation=place.organisation) if by.organisations else Reporter()
    words = {"raw": RAW, "media_type": "text/plain", "said": Said(title="tried"), "language": "en"}
    return intake.receive(channel=Channel.REST, reporter=who, by=by, at=AT, **words)


def _added(place: Place, by: Actor) -> Any:
    words = {"raw": RAW, "media_type": "text/plain", "said": Said(title="tried")}
    return intake.add(channel=Channel.REST, reference=place.report, by=by, at=AT, **words)


def _given_out(place: Place, by: Actor) -> Any:
    keep_raw()  # the world's vault was another test's folder
    return intake.give_out(reference=place.report, number=1, by=by, at=AT)


def _joined(place: Place, by: Actor) -> Any:
    return intake.join(chosen=_this(place), incident=place.incident, by=by, at=AT)


def _merged(place: Place, by: Actor) -> Any:
    row = Report.objects.get(reference=place.report)
    head, row.id, row.reference = row.reference, new_id(AT), "PKR-2026-999999"
    row.secret_sha256, row.group = f"{9:064d}", UUID(int=9)
    row.save(force_insert=True)
    return intake.merge(chosen=Chosen(references=(row.reference,)), into=head, by=by, **WHY)


def _handed_over(place: Place, by: Actor) -> Any:
    return intake.hand_over(chosen=_this(place), team="ntcert", by=by, **WHY)


def _assigned(place: Place, by: Actor) -> Any:
    return intake.assign(chosen=_this(place), assignee=by.id, by=by, at=AT)


def _previewed(place: Place, by: Actor) -> Any:
    return intake.preview(act=Act.DISMISS, chosen=_this(place), by=by)


def _listed(place: Place, by: Actor) -> bool:
    return place.report in {row.reference for row in intake.reports(by=by, filters=Filters()).rows}


def _by_source(place: Place, by: Actor) -> bool:
    return bool(intake.of_source(source="tried", source_ref=place.report, by=by))


def _hooked(place: Place, by: Actor) -> Any:
    return intake.add_webhook(name="another", team=place.team, mapping=MAPPING, by=by, at=AT)


PROBES: dict[str, Probe] = {
    "intake.receive": acts(_received),
    "intake.add": acts(_added),
    "intake.reports": sees(_listed),
    "intake.report": acts(lambda p, by: intake.report(p.report, by=by)),
    "intake.waiting": sees(lambda p, by: p.team in intake.waiting(by=by)),
    "intake.of_source": sees(_by_source),
    "intake.triage_act": acts(lambda p, by: intake.triage_act(token=p.act, by=by)),
    "intake.offer": acts(lambda p, by: intake.offer(reference=p.report, number=1, by=by)),
    "intake.give_out": acts(_given_out),
    "intake.preview": acts(_previewed),
    "intake.open_incident": acts(lambda p, by: intake.open_incident(reference=p.report, by=by, at=AT), hidden=True),
    "intake.join": acts(_joined),
    "intake.merge": acts(_merged),
    "intake.dismiss": acts(lambda p, by: intake.dismiss(chosen=_this(p), by=by, **WHY)),
    "intake.reopen": acts(lambda p, by: intake.reopen(chosen=Chosen(references=(p.dismissed,)), by=by, **WHY)),
    "intake.read_news": acts(lambda p, by: intake.read_news(reference=p.report, by=by, at=AT)),
    "intake.assign": acts(_assigned),
    "intake.hand_over": acts(_handed_over),
    "intake.undo": acts(lambda p, by: intake.undo(token=p.act, by=by, at=AT)),
    "intake.tell_teams": acts(lambda p, by: intake.tell_teams(by=by, at=AT), anywhere=True),
    "intake.webhooks": sees(lambda p, by: p.webhook in {row.id for row in intake.webhooks(by=by)}),
    "intake.add_webhook": acts(_hooked),
    "intake.end_webhook": acts(lambda p, by: intake.end_webhook(webhook_id=p.webhook, by=by, at=AT)),
}
