"""Whose password it is, and whose session: by the one address that the account has, for people who are active.

Refuses service accounts, which act by tokens; people who are inactive, in the same words as a wrong password; and
addresses that anybody claimed elsewhere. An unknown address takes as long as a known one.
"""

from typing import Any
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend

from pehra.access.models import Person


class SignInBackend(AuthenticationBackend):  # type: ignore[misc]
    """Tries a password, and finds the person of a session again."""

    def get_user(self, user_id: UUID | str) -> Person | None:
        """Return the session's person while they are active."""
        return Person.objects.filter(pk=user_id, active=True, service=False).first()

    def user_can_authenticate(self, user: Any) -> bool:
        """Whether this account signs in at all."""
        return bool(user.active and not user.service)

    def _authenticate_by_email(self, email: str, password: str) -> Person | None:
        person = Person.objects.filter(email=email.strip().lower()).first()
        if person is None:
            return None
        self._did_check_password = True
        right = person.check_password(password)
        # Both are asked in any case, and neither says which of them it was.
        return person if right and self.user_can_authenticate(person) else None
