"""The only ways to a report: among what the actor may see, or by the secret of its receipt."""

from dataclasses import replace
from hashlib import sha256

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake.models import Report, ReportQuerySet
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import parse_reference
from pehra.kernel.refusals import Invalid, NotVisible

TOKEN_LENGTH_MAX = 100


def digest_of_token(token: str) -> str:
    """Return what is kept of a receipt's secret."""
    return sha256(token.encode()).hexdigest()


def reader(by: Actor, permission: Permission = Permission.INTAKE_READ) -> Actor:
    """Return the actor with only the constituencies where it holds the permission; with none, it sees nothing."""
    if not access.may(by, permission):
        return replace(by, teams=frozenset(), organisations=frozenset())
    return access.narrowed(by, permission)


def visible(by: Actor) -> ReportQuerySet:
    """Return the reports that are the actor's teams' to read: for triage. What an organisation sent in is not here."""
    if by.is_system:
        return Report.objects.all()
    return Report.objects.all().visible_to(replace(reader(by), organisations=frozenset()))


def own(by: Actor) -> ReportQuerySet:
    """Return the reports that the actor may add to: of its teams, and of its own organisation."""
    return Report.objects.all().visible_to(reader(by, Permission.INTAKE_REPORT))


def find(reference: str, *, by: Actor) -> Report:
    """Return a report of the actor's teams; what is not visible is not there."""
    row = visible(by).filter(reference=_reference(reference)).first()
    if row is None:
        raise NotVisible(f"there is no report {reference}")
    return row


def named(*, reference: str = "", token: str = "", by: Actor) -> Report:
    """Return the report that the actor may add to: by its reference, or by its secret, which needs nobody's name."""
    if token:
        with access.elevated(part="intake.receipt"):
            row = Report.objects.filter(secret_sha256=digest_of_token(token[:TOKEN_LENGTH_MAX])).first()
    elif by.is_system:
        with access.elevated(part="intake.receipt"):
            row = Report.objects.filter(reference=_reference(reference)).first()
    else:
        row = own(by).filter(reference=_reference(reference)).first()
    if row is None:
        raise NotVisible("there is no such report")
    return row


def _reference(text: str) -> str:
    try:
        return parse_reference(text)
    except Invalid as error:
        raise NotVisible(f"there is no report {text}") from error
