"""Alerts of other systems become reports: received once under what they are called there, and added to later.

A program that lost our answer posts again: the same source and number by the same account are the same report, and the
very same post is done once. One that says something else under that number is more of the report: none is lost.
"""

import json
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake.api.receiving import add, receive, token_of
from pehra.intake.gateways import turns
from pehra.intake.queries.alerts import AlertView, alert, posted
from pehra.intake.rules import saying
from pehra.intake.rules.alerts import Alert
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.saying import Reporter, Said
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp

LANGUAGE = "en"


@transaction.atomic
def receive_alert(*, channel: Channel, alert: Alert, raw: bytes, media_type: str, by: Actor, at: datetime) -> AlertView:
    """Take an alert in as a report, or as more of the one it is about, and return it as its program reads it back."""
    access.require(by, Permission.INTAKE_REPORT)
    named = f"{alert.source}\0{alert.source_ref}" if alert.source_ref else ""
    once = f"{named}\0{_digest(alert)}" if named else ""
    if named:
        turns.take_turn(f"{channel}:{by.id}:{named}")
        source, source_ref = saying.at_source(alert.source, alert.source_ref)
        known = posted(channel=channel, source=source, source_ref=source_ref, by=by)
        if known:
            return add_to_alert(
                channel=channel, reference=known, alert=alert, raw=raw, media_type=media_type, once=once, by=by, at=at
            )
    receipt = receive(
        channel=channel,
        raw=raw,
        media_type=media_type,
        said=alert.said,
        reporter=_reporter(by),
        language=LANGUAGE,
        files=alert.files,
        once=once,
        source=alert.source,
        source_ref=alert.source_ref,
        by=by,
        at=at,
    )
    return _read_back(channel, receipt.reference, by=by)


def add_to_alert(
    *,
    channel: Channel,
    reference: str,
    alert: Alert,
    raw: bytes,
    media_type: str,
    once: str = "",
    by: Actor,
    at: datetime,
) -> AlertView:
    """Add what a program says later of its alert: another submission of the same report, which it makes no freer."""
    known = _read_back(channel, reference, by=by)
    add(
        channel=channel,
        reference=known.reference if known.is_visible else "",
        token="" if known.is_visible else token_of(known.report),
        raw=raw,
        media_type=media_type,
        said=_no_freer(alert.said, than=known.tlp),
        files=alert.files,
        once=once,
        by=by,
        at=at,
    )
    return _read_back(channel, reference, by=by)


def _no_freer(said: Said, *, than: Tlp) -> Said:
    """Return the same, marked as strictly as the report is: an observable that comes later is marked for itself."""
    return said if said.tlp is None else replace(said, tlp=max(said.tlp, than))


def _digest(alert: Alert) -> str:
    """Return what tells a post from another under the same number: not its bytes, whose boundaries differ each time."""
    files = [(file.name, sha256(file.content).hexdigest()) for file in alert.files]
    return sha256(json.dumps([dict(alert.body), files], sort_keys=True).encode()).hexdigest()


def _read_back(channel: Channel, reference: str, *, by: Actor) -> AlertView:
    return alert(channel=channel, reference=reference, by=by)


def _reporter(by: Actor) -> Reporter:
    """Return who reports: the account, for its organisation where it stands for one alone."""
    alone = next(iter(by.organisations)) if len(by.organisations) == 1 and not by.teams else ""
    return Reporter(name=by.name, organisation=alone, verified=True)
