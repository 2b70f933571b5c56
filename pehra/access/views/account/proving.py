"""Somebody who is signed in proves anew who they are, and then goes on with what they were doing.

With the proof the session gets a new key: what somebody may have seen of the old one is worth nothing any more.
"""

from typing import Any

from allauth.account.internal.flows import reauthentication
from allauth.account.views import ReauthenticateView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from allauth.mfa.webauthn.internal import flows as passkeys
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView
from django.http import HttpResponse
from django.shortcuts import redirect

from pehra.access import requests
from pehra.access.sessions import rows
from pehra.access.views.account.forms import ProveByPasskey


class ByPassword(ReauthenticateView):  # type: ignore[misc]
    """By password, where somebody has nothing stronger."""

    template_name = "access/prove.html"
    extra_context = {"by": "password"}

    def form_valid(self, form: Any) -> HttpResponse:
        """Note the proof, and go on."""
        reauthentication.reauthenticate_by_password(self.request)
        return _proved(self)

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show what was refused."""
        answer: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return answer


class ByCode(ReauthenticateByCodeView):  # type: ignore[misc]
    """By the code of an app, or a recovery code."""

    template_name = "access/prove.html"
    extra_context = {"by": "code"}

    def form_valid(self, form: Any) -> HttpResponse:
        """Note the proof, and go on."""
        form.save()
        return _proved(self)

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show what was refused."""
        answer: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return answer


class ByPasskey(ReauthenticateWebAuthnView):  # type: ignore[misc]
    """By passkey."""

    form_class = ProveByPasskey
    template_name = "access/prove.html"
    extra_context = {"by": "passkey"}

    def form_valid(self, form: Any) -> HttpResponse:
        """Note the proof, and go on."""
        passkeys.reauthenticate(self.request, form.cleaned_data["credential"])
        return _proved(self)

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """Keep the form that was refused."""
        return {**super().get_context_data(), **more, **self.extra_context}

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show what was refused, and ask again."""
        answer: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return answer


def _proved(view: Any) -> HttpResponse:
    """Change the session's key; do what was kept, or go where somebody wanted to go."""
    request = view.request
    rows.change_key(request)
    wanted = view.get_next_url()
    kept = requests.go_on(request, at=request.at, wanted=wanted) or reauthentication.resume_request(request)
    answer: HttpResponse = kept or redirect(view.get_success_url())
    return answer
