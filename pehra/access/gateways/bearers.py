"""Who bears a token, in one statement: asked by every request of a program, before anything else is.

As the models would say it, which takes them longer than all that a short request does.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from pehra.access.models import Grant

_GRANTED = ("role", "team", "guided", "organisation", "national", "council")
_BEARER = f"""
    SELECT token.id, token.permissions, token.last_used_at, holder.id, holder.name, holder.service, holder.active,
        array(SELECT row_to_json(held) FROM (
            SELECT {", ".join(_GRANTED)} FROM access_grant
            WHERE person_id = holder.id AND valid_from <= %(at)s AND (valid_until IS NULL OR valid_until > %(at)s)
            ORDER BY valid_from, id) AS held)
    FROM access_apitoken AS token JOIN access_person AS holder ON holder.id = token.holder_id
    WHERE token.token_sha256 = %(digest)s AND token.revoked_at IS NULL AND token.expires_at > %(at)s"""  # noqa: S608 - our own names


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """A live token with its holder, and what the holder is granted at the moment, in rows of no table."""

    token: UUID
    permissions: tuple[str, ...]
    last_used_at: datetime | None
    person: UUID
    name: str
    service: bool
    active: bool
    grants: tuple[Grant, ...]


def bearer_of(digest: str, *, at: datetime) -> Bearer | None:
    """Return whose live token has this SHA-256."""
    with connection.cursor() as cursor:
        cursor.execute(_BEARER, {"digest": digest, "at": at})
        row = cursor.fetchone()
    if row is None:
        return None
    token, permissions, last_used_at, person, name, service, active, grants = row
    return Bearer(
        token=token,
        permissions=tuple(permissions),
        last_used_at=last_used_at,
        person=person,
        name=name,
        service=service,
        active=active,
        grants=tuple(Grant(**held) for held in grants),
    )
