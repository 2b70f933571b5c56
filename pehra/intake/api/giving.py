"""What came in is given out in one form only: sealed under a password, and written down.

Whatever came from outside is hostile until somebody has looked at it where it can do no harm. No page shows it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake import queries
from pehra.intake.models import Report, ReportFile, Submission
from pehra.intake.rules.channels import Channel
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.vault import api as vault

PASSWORD_BYTES = 12
PASSWORD_CHARACTERS_MIN = 16


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A file of a report in an encrypted archive, and the password that opens it: shown once, kept nowhere."""

    name: str
    content: bytes
    password: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What is about to be given out, and the password that will seal it."""

    reference: str
    number: int
    file: int | None
    password: str


@dataclass(frozen=True, kw_only=True)
class _Original:
    """Something that came in, in the report that it came to."""

    report: Report
    name: str
    sha256: str


def offer(*, reference: str, number: int, file: int | None = None, by: Actor) -> Offer:
    """Return a new password for what may be given out as it is named here; what may not gets none."""
    original = _original(reference, number, file, by=by)
    return Offer(reference=original.report.reference, number=number, file=file, password=_new_password())


def _new_password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


@transaction.atomic
def give_out(
    *, reference: str, number: int, file: int | None = None, password: str = "", by: Actor, at: datetime
) -> Sealed:
    """Give out a submission as it came (or, by its id, a file that came with it), sealed; the ledger says to whom.

    Without a password, as a page chose and showed one, a new one is made.
    """
    if password and len(password) < PASSWORD_CHARACTERS_MIN:
        raise Invalid(f"a password has at least {PASSWORD_CHARACTERS_MIN} characters", field="password")
    original = _original(reference, number, file, by=by)
    row, sha256 = original.report, original.sha256
    password = password or _new_password()
    content = vault.sealed(vault.read(sha256), name=original.name, password=password)
    facts = {"number": number, "file": file, "sha256": sha256}
    ledger.record("intake.given_out", subject=row.reference, by=by, at=at, teams=row.teams, facts=facts)
    return Sealed(name=f"{row.reference}-{sha256[:12]}.zip", content=content, password=password, sha256=sha256)


def _original(reference: str, number: int, file: int | None, *, by: Actor) -> _Original:
    """Return a submission, or a file that came with it, if the actor may take it out; anything else is refused."""
    row = queries.find(reference, by=by)
    access.require(by, Permission.INTAKE_TRIAGE, teams=row.working_teams or row.teams)
    submission = row.submissions.filter(number=number).first()
    if submission is None:
        raise NotVisible("there is no such submission")
    _require_all_of(submission, by=by)
    if file is None:
        return _Original(report=row, name=f"{row.reference}-{number}", sha256=submission.raw_sha256)
    kept = ReportFile.objects.filter(submission=submission, pk=file).first()
    if kept is None:
        raise NotVisible("there is no such file")
    return _Original(report=row, name=kept.name, sha256=kept.sha256)


def _require_all_of(submission: Submission, *, by: Actor) -> None:
    """Refuse what tells of matters which the actor does not see: a document is kept as it came, under each of them."""
    if submission.channel not in (Channel.DOCUMENT, Channel.MAIL):
        return
    alike = {name: getattr(submission, name) for name in ("channel", "raw_sha256", "submitted_by", "received_at")}
    with access.elevated(part="intake.giving"):
        told = set(Submission.objects.filter(**alike).values_list("report", flat=True))
    seen = queries.visible(by).filter(id__in=told).count()
    if seen < len(told):
        raise Forbidden(
            _("This document tells of matters of other teams too. A team that sees all of them can take it out.")
        )
