"""How the use cases of `threads` are tried: on the thread of one team and one organisation about its incident."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from pehra.findings import api as findings
from pehra.findings.models import Notice
from pehra.incidents import api as incidents
from pehra.incidents.models import Incident, IncidentFinding
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.outbox import api as outbox
from pehra.outbox.models import Message
from pehra.threads import api as threads
from pehra.threads.models import Letter, Thread
from tests.matrix.probes import WHY, Probe, acts, sees
from tests.matrix.world import AT, Place


def _thread(place: Place) -> str:
    """A thread between the place's team and organisation, with its message as the letter; undone with the probe."""
    reference = f"PKT-2026-{sum(map(ord, place.name)):06d}"
    row = Thread.objects.create(
        id=new_id(AT),
        key=f"tried-{place.name}-{uuid4()}",
        reference=reference,
        subject="Tried",
        about=place.incident,
        lead_team=place.team,
        teams=[place.team],
        organisation=place.organisation,
        other_name=place.organisation,
        other_email="desk@tried.example",
        tlp="TLP:GREEN",
        turn="them",
        opened_at=AT,
        last_at=AT,
    )
    Letter.objects.create(thread=row, message=place.message, recipient_email="desk@tried.example", at=AT)
    return reference


def _listed(place: Place, by: Actor) -> bool:
    reference = _thread(place)
    return reference in {row.reference for row in threads.threads(by=by)[0]}


def _delivered(place: Place, by: Actor) -> bool:
    _thread(place)
    return place.message in {line.message.id for line in threads.deliveries(by=by)[0]}


def _looked_up(place: Place, by: Actor) -> bool:
    reference = _thread(place)
    return bool(threads.look_up(ticket=reference, by=by).threads)


def _writing(place: Place) -> threads.Writing:
    return threads.Writing(email="reporter@outside.example", subject="Tried", body="Words", team=place.team)


def _previewed(place: Place, by: Actor) -> Any:
    return threads.preview_letter(writing=_writing(place), by=by, at=AT)


def _written(place: Place, by: Actor) -> Any:
    return threads.write_letter(writing=_writing(place), seen="0" * 64, by=by, at=AT)


def _came_in(place: Place) -> dict[str, Any]:
    return {"message_ids": [Message.objects.get(id=place.message).message_id], "raw_sha256": "a" * 64, "at": AT}


def _replied(place: Place, by: Actor) -> Any:
    return threads.take_reply(**_came_in(place), sender="x@y.example", subject="", text="", by=by)


def _bounced(place: Place, by: Actor) -> Any:
    return threads.take_bounce(**_came_in(place), recipient="", status="5.0.0", permanent=True, diagnostic="", by=by)


def _recorded(place: Place, by: Actor) -> Any:
    message_id = Message.objects.get(id=place.message).message_id
    said = {"status": "5.0.0", "permanent": True, "diagnostic": "", "raw_sha256": "a" * 64}
    return outbox.record_bounce(message_id=message_id, **said, by=by, at=AT)


def _calling(place: Place, by: Actor) -> bool:
    Thread.objects.filter(reference=_thread(place)).update(urgent=True)
    return bool(threads.asking_for_help(incident=place.incident, by=by))


def _held(place: Place, by: Actor) -> bool:
    row = Incident.objects.get(reference=place.incident)
    IncidentFinding.objects.create(incident=row, finding=place.finding, added_at=AT)
    return place.incident in incidents.live_with_findings(finding_ids=[place.finding], by=by)


def _said_fixed(place: Place, by: Actor) -> findings.ManyDone | None:
    ids = [place.finding]
    return findings.say_fixed(finding_ids=ids, organisation=place.organisation, reason="tried", by=by, at=AT)


def _taken_back(place: Place, by: Actor) -> bool:
    said = _said_fixed(place, by)
    changes = [said.id] if said else []
    return findings.take_back_fixed(changes=changes, organisation=place.organisation, reason="tried", by=by, at=AT) == 1


PROBES: dict[str, Probe] = {
    "threads.threads": sees(_listed),
    "threads.thread": acts(lambda p, by: threads.thread(reference=_thread(p), by=by)),
    "threads.deliveries": sees(_delivered),
    "threads.look_up": sees(_looked_up),
    "threads.asking_for_help": sees(_calling),
    "threads.of_incident": acts(lambda p, by: threads.of_incident(reference=p.incident, by=by)),
    "threads.preview_letter": acts(_previewed),
    # What nobody looked at is not sent: who may write is told that it is another letter.
    "threads.write_letter": acts(_written, incomplete=True),
    "threads.write_reply": acts(lambda p, by: threads.write_reply(reference=_thread(p), text="Tried", by=by, at=AT)),
    "threads.settle": acts(lambda p, by: threads.settle(reference=_thread(p), by=by, **WHY)),
    # what comes by mail and by the clock, for Pehra itself alone
    "threads.take_reply": acts(_replied, anywhere=True),
    "threads.take_bounce": acts(_bounced, anywhere=True),
    "threads.follow_letters": acts(lambda p, by: threads.follow_letters(by=by, at=AT), anywhere=True),
    "outbox.record_bounce": acts(_recorded, anywhere=True),
    "outbox.message_by_message_id": acts(lambda p, by: outbox.message_by_message_id(["<x@y>"], by=by), anywhere=True),
    "outbox.answerable": acts(
        lambda p, by: outbox.answerable(after=None, since=AT - timedelta(days=1), limit=1, by=by), anywhere=True
    ),
    "outbox.undelivered": acts(lambda p, by: outbox.undelivered(limit=1, by=by), anywhere=True),
    # what a thread shows
    "outbox.some": sees(lambda p, by: p.message in {row.id for row in outbox.some(ids=[p.message], by=by)}),
    "outbox.messages_about": sees(
        lambda p, by: (
            p.message
            in {
                row.id
                for row in outbox.messages_about(names=[Message.objects.get(id=p.message).message_id], by=by, limit=5)
            }
        )
    ),
    "incidents.finding_ids": acts(lambda p, by: incidents.finding_ids(ref=p.incident, by=by)),
    "incidents.live_with_findings": sees(_held),
    "incidents.references_of_matter": acts(lambda p, by: incidents.references_of_matter(ref=p.incident, by=by)),
    "findings.say_fixed": sees(lambda p, by: bool(_said_fixed(p, by))),
    "findings.take_back_fixed": sees(_taken_back),
    "findings.notices_telling": sees(lambda p, by: bool(findings.notices_telling(finding_ids=[p.finding], by=by))),
    "findings.told_in": sees(lambda p, by: bool(findings.told_in(reference=_notice(p), by=by))),
}


def _notice(place: Place) -> str:
    row = Notice.objects.filter(findings__contains=[place.finding]).first()
    return row.reference if row else ""
