"""Alerts of other systems become reports: received once under what they are called there, and added to later.

A program that lost our answer posts again: the same source and number by the same account are the same report.
"""

from datetime import datetime

from pehra.intake.api.receiving import add, receive, token_of
from pehra.intake.queries.alerts import AlertView, alert
from pehra.intake.rules.alerts import Alert
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.saying import Reporter
from pehra.kernel.actors import Actor

LANGUAGE = "en"


def receive_alert(*, channel: Channel, alert: Alert, raw: bytes, media_type: str, by: Actor, at: datetime) -> AlertView:
    """Take an alert in as a report and return it as its program reads it back."""
    once = f"{alert.source}\0{alert.source_ref}" if alert.source_ref else ""
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
    *, channel: Channel, reference: str, alert: Alert, raw: bytes, media_type: str, by: Actor, at: datetime
) -> AlertView:
    """Add what a program says later of its alert: another submission of the same report."""
    known = _read_back(channel, reference, by=by)
    add(
        channel=channel,
        reference=known.reference if known.is_visible else "",
        token="" if known.is_visible else token_of(known.report),
        raw=raw,
        media_type=media_type,
        said=alert.said,
        files=alert.files,
        by=by,
        at=at,
    )
    return _read_back(channel, reference, by=by)


def _read_back(channel: Channel, reference: str, *, by: Actor) -> AlertView:
    return alert(channel=channel, reference=reference, by=by)


def _reporter(by: Actor) -> Reporter:
    """Return who reports: the account, for its organisation where it stands for one alone."""
    alone = next(iter(by.organisations)) if len(by.organisations) == 1 and not by.teams else ""
    return Reporter(name=by.name, organisation=alone, verified=True)
