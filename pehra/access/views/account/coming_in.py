"""The sign-in page, and the second factor after it. Neither says whether an account exists."""

import ipaddress
from typing import Any

from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from pehra.access import api
from pehra.access.sessions.adapters import WRONG_CODE
from pehra.access.views.account.forms import SecondFactorByPasskey, SignInByPasskey
from pehra.kernel.refusals import Fault


def passkeys_work(request: HttpRequest) -> bool:
    """Whether a browser makes and shows passkeys for this site: it has a name, and is the machine itself or secure."""
    name, _port = split_domain_port(request.get_host())
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return request.is_secure() or name == "localhost"
    return False


class SignIn(LoginView):  # type: ignore[misc]
    """The one page of coming in: by passkey, by password with a second factor, or by a link that somebody gives."""

    template_name = "access/sign_in.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show what was refused, on the page where it was typed."""
        answer: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return answer

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """Add whether passkeys work here."""
        return {
            **super().get_context_data(**more),
            "passkeys": passkeys_work(self.request),
            "providers": _providers(),
        }


def _providers() -> list[api.ProviderView]:
    """Return the other organisations to sign in at; a file of theirs that cannot be read shuts nobody else out."""
    try:
        return api.providers()
    except Fault:
        return []


class PasskeySignIn(LoginWebAuthnView):  # type: ignore[misc]
    """What the page's script asks for a challenge, and where it brings the answer."""

    form_class = SignInByPasskey

    def form_invalid(self, form: Any) -> HttpResponse:
        """Go back to the page, and keep where somebody wanted to go."""
        messages.error(self.request, str(WRONG_CODE))
        wanted = self.request.POST.get("next", "")
        return redirect(reverse("access:sign-in") + (f"?{urlencode({'next': wanted})}" if wanted else ""))


class SecondFactor(AuthenticateView):  # type: ignore[misc]
    """The code, the recovery code or the passkey that comes after a password or a link."""

    template_name = "access/second_factor.html"
    webauthn_form_class = SecondFactorByPasskey

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """Add what this person has, so that only that is asked for."""
        held = _kinds(self.stage.login.user)
        shown = {"codes": bool(held & {"totp", "recovery_codes"}), "passkey": "webauthn" in held}
        return {**super().get_context_data(**more), "held": shown}

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show what was refused."""
        answer: HttpResponse = super().form_invalid(form)
        answer.status_code = 422
        return answer


def _kinds(person: Any) -> set[str]:
    from allauth.mfa.models import Authenticator

    return set(Authenticator.objects.filter(user_id=person.pk).values_list("type", flat=True))
