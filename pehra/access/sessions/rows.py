"""The list of a person's sessions, which allauth keeps: each row is one session, by its key."""

from datetime import datetime
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.db.models import QuerySet
from django.http import HttpRequest

from pehra.access.sessions import proofs


def of(person_id: UUID) -> QuerySet[UserSession]:
    """Return the rows of somebody's sessions, newest first."""
    found: QuerySet[UserSession] = UserSession.objects.filter(user_id=person_id).order_by("-created_at", "-pk")
    return found


def begun_before(moment: datetime) -> QuerySet[UserSession]:
    """Return the rows of sessions that began before a moment, whoever's they are."""
    found: QuerySet[UserSession] = UserSession.objects.filter(created_at__lt=moment)
    return found


def name_row(request: HttpRequest) -> None:
    """Write the session's name into its row, so that whoever ends it can say which ended."""
    UserSession.objects.filter(session_key=request.session.session_key).update(data={"sid": proofs.sid_of(request)})


def change_key(request: HttpRequest) -> None:
    """Give a session a new key after somebody proved anew who they are; its row goes with it."""
    former = request.session.session_key or ""
    request.session.cycle_key()
    follow(request, former=former)


def follow(request: HttpRequest, *, former: str) -> None:
    """Let the row of a session follow its new key, where allauth made another row for it as well."""
    new = request.session.session_key
    if new != former and UserSession.objects.filter(session_key=former).exists():
        UserSession.objects.filter(session_key=new).delete()
        UserSession.objects.filter(session_key=former).update(session_key=new)


def end(rows: QuerySet[UserSession]) -> list[str]:
    """End these sessions, wherever they are open; return their names."""
    ended = list(rows)
    for row in ended:
        row.end()
    return [str(row.data.get("sid", "")) for row in ended]
