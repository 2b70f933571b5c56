"""Where somebody is signed in, and the end of it: their own sessions one by one, somebody else's all at once.

Everybody ends their own. Those of another end only in the hands of who could give all that the other holds, as a
closing does; they learn how many there were, and not from where: addresses are the person's own.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import queries
from pehra.access.api.deciding import require
from pehra.access.api.granting import policy, require_within, teams_of_person
from pehra.access.api.provider import end_service_uses
from pehra.access.api.second_wall import elevated
from pehra.access.rules import devices
from pehra.access.rules.roles import Permission
from pehra.access.sessions import rows
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger


@dataclass(frozen=True, kw_only=True)
class SessionView:
    """One place where somebody is signed in. Personal data: the network address and the device."""

    id: int
    browser: str
    system: str
    address: str
    began_at: datetime
    seen_at: datetime
    here: bool


def sessions(*, here: str = "", by: Actor) -> list[SessionView]:
    """Return the actor's own sessions, newest first; `here` is the key of the one that asks."""
    return [
        SessionView(
            id=row.pk,
            browser=devices.browser_of(row.user_agent),
            system=devices.system_of(row.user_agent),
            address=row.ip,
            began_at=row.created_at,
            seen_at=row.last_seen_at,
            here=row.session_key == here,
        )
        for row in rows.of(_own(by))
        if not row.purge()
    ]


@transaction.atomic
def end_session(*, session_id: int, by: Actor, at: datetime) -> None:
    """End one of the actor's own sessions."""
    ended = rows.end(rows.of(_own(by)).filter(pk=session_id))
    if not ended:
        raise NotVisible(_("There is no such session."))
    _record(_own(by), which="one", why="ended", sids=ended, by=by, at=at)
    end_service_uses(person_id=_own(by), sids=ended, at=at)


@transaction.atomic
def end_other_sessions(*, here: str, why: str = "ended", by: Actor, at: datetime) -> int:
    """End all of the actor's sessions but the one that asks; return how many there were."""
    ended = rows.end(rows.of(_own(by)).exclude(session_key=here))
    if ended:
        _record(_own(by), which="others", why=why, sids=ended, by=by, at=at)
    end_service_uses(person_id=_own(by), sids=ended, devices=True, at=at)
    return len(ended)


@elevated(part="access.sessions", only_people=True)
def count_sessions(*, person_id: UUID, by: Actor, at: datetime) -> int:
    """Return in how many places somebody in the actor's hands is signed in."""
    _in_hands(person_id, by=by, at=at)
    return rows.of(person_id).count()


@transaction.atomic
@elevated(part="access.sessions", only_people=True)
def end_sessions(*, person_id: UUID, reason: str, by: Actor, at: datetime) -> int:
    """End all sessions of somebody in the actor's hands; return how many there were."""
    _in_hands(person_id, by=by, at=at)
    if not reason.strip():
        raise Invalid(_("say why"), field="reason")
    return end_all_of(person_id, why=reason, by=by, at=at)


def end_all_of(person_id: UUID, *, why: str, by: Actor, at: datetime) -> int:
    """End all sessions of a person, for an act of this part that has asked already whether it may."""
    ended = rows.end(rows.of(person_id))
    if ended:
        _record(person_id, which="all", why=why, sids=ended, by=by, at=at)
    end_service_uses(person_id=person_id, at=at)
    return len(ended)


def forget_sessions(*, at: datetime) -> int:
    """Delete what is kept of sessions that ended by themselves: browsers tell nobody that they were closed.

    No session outlives the profile's longest, so a row that is older says only where somebody once was.
    """
    Session.objects.filter(expire_date__lt=at).delete()
    gone, _each = rows.begun_before(at - policy(at=at).session_max).delete()
    return gone


@transaction.atomic
def note_credential_change(*, change: str, kind: str, here: str, by: Actor, at: datetime) -> None:
    """Write down that the actor changed how they sign in, and end their other sessions.

    `change` is create, update, delete or revoke; `kind` password, passkey, totp or recovery-codes.
    """
    facts = {"change": change, "kind": kind}
    teams = teams_of_person(_own(by), at=at)
    ledger.record("access.credential.changed", subject=f"person:{by.id}", by=by, at=at, teams=teams, facts=facts)
    end_other_sessions(here=here, why="credential changed", by=by, at=at)


def _own(by: Actor) -> UUID:
    own = queries.uuid_of(by.id)
    if own is None:
        raise NotVisible(_("There is no such session."))
    return own


def _in_hands(person_id: UUID, *, by: Actor, at: datetime) -> None:
    """Refuse, unless the actor could give everything that the person holds."""
    require(by, Permission.ACCESS_GRANT)
    if not queries.people_visible_to(by).filter(id=person_id).exists():
        raise NotVisible(_("There is no such person."))
    require_within(person_id, by=by, at=at)


def _record(person_id: UUID, *, which: str, why: str, sids: list[str], by: Actor, at: datetime) -> None:
    facts = {"which": which, "why": why, "sids": sids}
    ledger.record("access.session.ended", subject=f"person:{person_id}", by=by, at=at, facts=facts)
