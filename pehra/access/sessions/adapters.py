"""What django-allauth asks of us: who may sign in, where they may go next, what is written down, in which words.

Refuses sign-up, people who are inactive, service accounts, and every address that is not our own. Whether an account
exists is told to nobody: each refusal of a sign-in has one text.
"""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pehra.access.models import Person
from pehra.access.sessions import attempts, proofs, rows
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.refusals import Fault
from pehra.ledger import api as ledger

WRONG = gettext_lazy("The address or the password is wrong, or this account does not sign in by password.")
WRONG_CODE = gettext_lazy("This is not the code, or it was used already.")
TOO_MANY = gettext_lazy("Too many attempts. Wait a few minutes and try again.")
DONE = gettext_lazy("Written down, and in the ledger.")
KEY_WORDS = b"pehra second factors 1"  # another use of the node's secret has other words
WAYS = ("mfa_reauthenticate_webauthn", "mfa_reauthenticate", "account_reauthenticate")


def name_of(person: Person) -> str:
    """Return how a person is called by what keeps their passkeys."""
    return person.name


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-in by our rules."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": WRONG,
        "account_inactive": WRONG,
        "invalid_login": WRONG,
        "incorrect_password": gettext_lazy("This is not your password."),
        "enter_current_password": gettext_lazy("This is not your password."),
        "incorrect_code": WRONG_CODE,
        "too_many_login_attempts": TOO_MANY,
        "rate_limited": TOO_MANY,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account for themselves."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Whether an address is one of ours: a path, with no host at all."""
        return bool(url) and str(url).startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse a password unread where too many were tried; a known device is counted apart from strangers."""
        if attempts.too_many(at=request.at, **self._tried(request, credentials)):  # type: ignore[attr-defined]
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a password that was wrong."""
        attempts.note_failure(at=request.at, **self._tried(request, credentials))  # type: ignore[attr-defined]

    def _tried(self, request: HttpRequest, credentials: dict[str, Any]) -> dict[str, str]:
        email = str(credentials.get("email", ""))
        device = attempts.known_device(request, email=email)
        return {"email": email, "source": self.get_client_ip(request), "device": device}

    def pre_login(self, request: HttpRequest, user: Any, **_more: Any) -> HttpResponse | None:
        """Refuse whoever does not sign in, by whatever way they came, as a wrong password is refused."""
        if user.active and not user.service:
            return None
        return self.respond_user_inactive(request, user)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Go back to the sign-in page with the one refusal."""
        from allauth.account.internal.stagekit import clear_login

        clear_login(request)
        messages.error(request, str(WRONG))
        return redirect("access:sign-in")

    def login(self, request: HttpRequest, user: Any) -> None:
        """Begin the session, under a new key, and write it down."""
        at = request.at  # type: ignore[attr-defined]
        super().login(request, user)
        request.session.cycle_key()  # also where the same person was signed in already
        proofs.begin(request, at=at)
        found = proofs.authentication_of(request)
        by = Actor(id=str(user.pk), kind=ActorKind.PERSON, name=user.name)
        facts = {"by": list(found.amr) if found and found.amr else ["link"], "sid": proofs.sid_of(request)}
        ledger.record("access.session.started", subject=f"person:{user.pk}", by=by, at=at, facts=facts)

    def post_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse:
        """Let them go where they wanted, in their language; the list of sessions learns the session's name."""
        answer: HttpResponse = super().post_login(request, user, **more)
        rows.name_row(request)
        if proofs.strength(request) is proofs.Strength.TWO:
            attempts.remember_device(request, answer, user)
        if user.language in dict(settings.LANGUAGES) and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            answer.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                user.language,
                httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite="Lax",
                secure=settings.LANGUAGE_COOKIE_SECURE,
            )
        return answer

    def add_message(self, request: HttpRequest, level: int, message_template: str | None = None,
                    message_context: Any = None, extra_tags: str = "", message: str | None = None) -> None:  # fmt: skip
        """Say only what matters, in our words: that somebody came in or went out they see."""
        if message:
            messages.add_message(request, level, message, extra_tags=extra_tags)
        elif message_template and not message_template.startswith("account/messages/logged_"):
            messages.add_message(request, messages.SUCCESS, str(DONE))

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Whether this is the person's password; tries are counted as those of the sign-in page."""
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def is_reauthentication_required(self, *, app: str, **_more: Any) -> bool:
        """Whether somebody who changes how they sign in must prove anew who they are."""
        return not proofs.is_recent(self.request, at=self.request.at)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Return by what somebody proves anew who they are, the strongest first; a password where there is no other."""
        found = {str(method["url"]): method for method in super().get_reauthentication_methods(user)}
        ways = [found[address] for address in map(reverse, WAYS) if address in found]
        stronger = [way for way in ways if way["url"] != reverse("account_reauthenticate")]
        return stronger or ways

    def send_notification_mail(self, *_arguments: Any, **_more: Any) -> None:
        """Send nothing: what is told, the outbox tells."""


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: their secrets are kept under the node's key, and the last strong one is not taken away."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": WRONG_CODE,
        "cannot_delete_authenticator": gettext_lazy("This is the last way in that you have. Add another first."),
        "cannot_generate_recovery_codes": gettext_lazy("Recovery codes go with an app or a passkey. Add one first."),
    }

    def encrypt(self, text: str) -> str:
        """Return a secret as it is kept."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a kept secret; one kept under another key is a fault of the node, which lost its own."""
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise Fault("a second factor was kept under another secret key than this node has") from error

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether somebody keeps a way in without this one."""
        return not settings.PEHRA_MFA_REQUIRED or proofs.has_strong(authenticator.user, without=authenticator)

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """Return a name for a new passkey, to be changed at will."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(n)s") % {"n": count + 1}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        """Return whom a passkey is made for: a number that says nothing, and how they know themselves."""
        return {**super().get_public_key_credential_user_entity(user), "display_name": user.name}


def _box() -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=KEY_WORDS).derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(key))
