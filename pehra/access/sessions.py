"""The session that a one-time link begins: which person it belongs to, and whether they may still come in."""

from uuid import UUID

from pehra.access.models import Person


class LinkBackend:
    """Finds the person of a session again. It signs nobody in: only `redeem_link` does, and it takes no password."""

    def authenticate(self, request: object, **credentials: object) -> None:
        """Refuse: there are no credentials to try here."""

    def get_user(self, user_id: UUID | str) -> Person | None:
        """Return the session's person while they are active."""
        return Person.objects.filter(pk=user_id, active=True, service=False).first()
