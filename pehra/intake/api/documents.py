"""Documents of other teams (IODEF, STIX) become reports: one for each incident that a file tells of.

The file is kept as it came. What another team sends later under the same number is added to the report that its first
document became, where the actor may see that one.
"""

from datetime import datetime
from hashlib import sha256

from django.conf import settings

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import api as incidents
from pehra.incidents.api import IncidentDocument, Party, PartyRole
from pehra.intake import queries
from pehra.intake.api.receiving import add, receive
from pehra.intake.rules import saying
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.saying import Receipt, Reporter, Said, Stated
from pehra.kernel.actors import Actor
from pehra.law import api as law

LAW_COUNTS_FROM = ("occurrence", "discovery", "awareness", "ransom_payment", "handling_end")
_MEDIA_TYPES = {"iodef-xml": "application/xml", "iodef-json": "application/json", "stix": "application/stix+json"}


def receive_documents(*, raw: bytes, by: Actor, at: datetime) -> tuple[Receipt, ...]:
    """Take in a file that tells of incidents; refuse one that cannot be read. The same file again is the same
    receipts."""
    access.require(by, Permission.INTAKE_REPORT)
    format, documents = incidents.read_documents(raw)
    digest = sha256(raw).hexdigest()
    profile = law.load(settings.PEHRA_PROFILE)
    receipts = []
    for position, document in enumerate(documents):
        receipts.append(
            _received(
                document,
                said=said_in(document, profile),
                raw=raw,
                media_type=_MEDIA_TYPES[format],
                once=f"{digest}#{position}",
                by=by,
                at=at,
            )
        )
    return tuple(receipts)


def _received(
    document: IncidentDocument, *, said: Said, raw: bytes, media_type: str, once: str, by: Actor, at: datetime
) -> Receipt:
    source, ref = saying.at_source(document.issuer, document.reference)
    known = queries.of_source(source=source, source_ref=ref, by=by) if source and ref else ""
    if known:
        return add(
            channel=Channel.DOCUMENT,
            raw=raw,
            media_type=media_type,
            said=said,
            reference=known,
            once=once,
            source=source,
            source_ref=ref,
            by=by,
            at=at,
        )
    return receive(
        channel=Channel.DOCUMENT,
        raw=raw,
        media_type=media_type,
        said=said,
        reporter=_reporter(document, by=by),
        language=document.language,
        once=once,
        source=source,
        source_ref=ref,
        by=by,
        at=at,
    )


def said_in(document: IncidentDocument, profile: law.Profile) -> Said:
    """Return what a document says in the profile's words; what those have no word for is kept as an answer."""
    victim = _party(document, PartyRole.VICTIM)
    sectors, territories = {each.code for each in profile.sectors}, {each.code for each in profile.territories}
    measures, attributes = {each.code for each in profile.measures}, {each.code for each in profile.attributes}
    foreign = {name: value for name, value in document.impact.items() if name not in measures}
    return Said(
        title=document.title[: saying.TITLE_LENGTH_MAX],
        description=document.description,
        taxonomy=document.taxonomy,
        type=document.type,
        organisation_name=victim.name,
        sector=victim.sector if victim.sector in sectors else "",
        territory=victim.territory if victim.territory in territories else "",
        moments={name: document.moments[name] for name in LAW_COUNTS_FROM if name in document.moments},
        impact={name: value for name, value in document.impact.items() if name in measures},
        attributes=tuple(sorted(set(document.attributes or ()) & attributes)),
        answers=_answers(document, foreign),
        observables=tuple(
            Stated(written=seen.observable.value, note=seen.side.value)
            for seen in document.observables[: saying.OBSERVABLES_MAX]
        ),
        tlp=document.tlp,
        exercise=document.exercise,
    )


def _answers(document: IncidentDocument, foreign: dict[str, float]) -> dict[str, str]:
    said = {
        "issuer": document.issuer,
        "number": document.reference,
        "state": document.state,
        "severity": document.severity or ("" if document.gravity is None else f"{document.gravity} of 100"),
        "pap": document.pap or "",
        "parties": "\n".join(f"{each.role}: {_called(each)}" for each in document.parties),
        "impact": "\n".join(f"{name}: {value:g}" for name, value in sorted(foreign.items())),
        "references": "\n".join(document.references),
        "attributes_absent": ", ".join(document.attributes_absent),
        "not_understood": ", ".join(document.left_out[: saying.ANSWERS_MAX]),
    }
    return {name: value[: saying.ANSWER_LENGTH_MAX] for name, value in said.items() if value}


def _called(party: Party) -> str:
    return " ".join(text for text in (party.name, party.email, party.phone) if text)


def _party(document: IncidentDocument, role: PartyRole) -> Party:
    return next((party for party in document.parties if party.role is role), Party(role=role))


def _reporter(document: IncidentDocument, *, by: Actor) -> Reporter:
    """Return who reports, by the document's own word: its reporter, else its creator."""
    named = _party(document, PartyRole.REPORTER)
    party = named if named.name or named.email else _party(document, PartyRole.CREATOR)
    own = sorted(code for code in by.organisations if code)
    return Reporter(
        name=party.name or document.issuer,
        email=party.email,
        phone=party.phone[: saying.PHONE_LENGTH_MAX],
        organisation=own[0] if len(own) == 1 and not by.teams else "",
    )
