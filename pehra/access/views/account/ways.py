"""What somebody signs in with: passkeys, a password with an app, recovery codes. The last way in is never taken away.

Each change is asked of who proved within five minutes who they are, is written down, and ends all other sessions.
"""

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows import password_change
from allauth.account.views import PasswordChangeView, PasswordSetView
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import IndexView
from allauth.mfa.recovery_codes.internal import flows as codes
from allauth.mfa.recovery_codes.views import (
    DownloadRecoveryCodesView,
    GenerateRecoveryCodesView,
    ViewRecoveryCodesView,
)
from allauth.mfa.totp.internal import flows as apps
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.internal import auth as keys
from allauth.mfa.webauthn.internal import flows as passkeys
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pehra.access import api
from pehra.access.api import Request
from pehra.access.sessions import proofs, rows
from pehra.access.views.account.coming_in import passkeys_work
from pehra.access.views.account.forms import AddPasskey

proved = method_decorator(reauthentication_required(app="pehra.access"), name="dispatch")


@require_safe
def enrol(request: Request) -> HttpResponse:
    """Lead somebody without a strong way in to make one: a passkey first, a password with an app second."""
    if proofs.has_strong(request.user):
        return redirect(_wanted(request))
    context = {
        "passkeys": passkeys_work(request),
        "has_password": bool(request.user.password) and request.user.has_usable_password(),  # type: ignore[union-attr]
        "next": _wanted(request),
    }
    return render(request, "access/enrol.html", context)


class Ways(IndexView):  # type: ignore[misc]
    """Everything that somebody signs in with, on one page."""

    template_name = "access/ways.html"

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """Add the password, which is no second factor, and whether passkeys work here."""
        person = self.request.user
        found = {
            "has_password": bool(person.password) and person.has_usable_password(),
            "passkeys": passkeys_work(self.request),
            "sessions": len(api.sessions(by=self.request.actor)),
        }
        return {**super().get_context_data(**more), **found}


class _Refusing:
    """A page of a form, whose refusal is told by its status as well."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show what was refused."""
        answer: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)  # type: ignore[attr-defined]
        return answer


@proved
class SetPassword(_Refusing, PasswordSetView):  # type: ignore[misc]
    """A first password."""

    template_name = "access/password.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep it hashed, and go on to the app, without which it opens nothing."""
        return _password(self, form, change="create", finish=password_change.finalize_password_set)

    def get_default_success_url(self) -> str:
        """Go on to the app, unless there is one."""
        return _after_password(self.request)


@proved
class ChangePassword(_Refusing, PasswordChangeView):  # type: ignore[misc]
    """Another password in place of the one there is."""

    template_name = "access/password.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep it hashed; all other sessions end."""
        return _password(self, form, change="update", finish=password_change.finalize_password_change)

    def get_default_success_url(self) -> str:
        """Go back to the list of ways."""
        return reverse("mfa_index")


class AddApp(_Refusing, ActivateTOTPView):  # type: ignore[misc]
    """An app that shows codes. It goes with a password: without one somebody is led to choose it first."""

    template_name = "access/app.html"

    def dispatch(self, request: HttpRequest, *arguments: Any, **named: Any) -> Any:
        """Ask for a password first."""
        if not request.user.has_usable_password() or not request.user.password:  # type: ignore[union-attr]
            return redirect(f"{reverse('account_set_password')}?{urlencode({'next': request.path})}")
        return super().dispatch(request, *arguments, **named)

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep the app's secret, and count this code as a proof: once, as every code."""
        row, fresh = apps.activate_totp(self.request, form)
        row.wrap().validate_code(form.cleaned_data["code"])
        proofs.note(self.request, self.request.user, proofs.MFA, type=row.type, id=row.pk)
        return _added(self.request, "totp", codes_too=fresh is not None)


class EndApp(DeactivateTOTPView):  # type: ignore[misc]
    """The end of an app."""

    template_name = "access/end_way.html"
    extra_context = {"kind": "totp"}

    def form_valid(self, form: Any) -> HttpResponse:
        """Forget the app's secret."""
        apps.deactivate_totp(self.request, self.authenticator)
        return _changed(self.request, "delete", "totp")


class AddPasskeyPage(AddWebAuthnView):  # type: ignore[misc]
    """A new passkey."""

    template_name = "access/passkey.html"
    form_class = AddPasskey

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """Ask for a key that is found without a name; keep the form that was refused; say whether passkeys work."""
        asked = {"creation_options": keys.begin_registration(self.request.user, True)}
        found = super(AddWebAuthnView, self).get_context_data(**more)  # allauth's own asks for another kind of key
        return {**found, "js_data": asked, "passkeys": passkeys_work(self.request)}

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep its public half, and count its making as a proof."""
        row, fresh = passkeys.add_authenticator(
            self.request, name=form.cleaned_data["name"], credential=form.cleaned_data["credential"]
        )
        proofs.note(self.request, self.request.user, proofs.MFA, type=row.type, id=row.pk)
        return _added(self.request, "passkey", codes_too=fresh is not None)

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show what was refused, with a new challenge."""
        answer: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return answer


class EndPasskey(RemoveWebAuthnView):  # type: ignore[misc]
    """The end of a passkey."""

    template_name = "access/end_way.html"
    extra_context = {"kind": "passkey"}

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """Say when it is the last way in."""
        return {**super().get_context_data(**more), "last": not get_adapter().can_delete_authenticator(self.object)}

    def form_valid(self, form: Any) -> HttpResponse:
        """Forget its public half, unless it is the last way in."""
        row = self.get_object()
        if not get_adapter().can_delete_authenticator(row):
            refused: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
            return refused
        passkeys.remove_authenticator(self.request, row)
        return _changed(self.request, "delete", "passkey")


class ShowCodes(ViewRecoveryCodesView):  # type: ignore[misc]
    """The recovery codes that are left."""

    template_name = "access/codes.html"

    @method_decorator(never_cache)
    def dispatch(self, request: HttpRequest, *arguments: Any, **named: Any) -> Any:
        """Let nobody keep the page."""
        return super().dispatch(request, *arguments, **named)


class SaveCodes(DownloadRecoveryCodesView):  # type: ignore[misc]
    """The recovery codes as a file."""

    template_name = "access/codes.txt"


class NewCodes(_Refusing, GenerateRecoveryCodesView):  # type: ignore[misc]
    """New recovery codes; the old ones open nothing any more."""

    template_name = "access/new_codes.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Make them, and show them."""
        codes.generate_recovery_codes(self.request)
        return _changed(self.request, "update", "recovery-codes", address="mfa_view_recovery_codes")


def _password(view: Any, form: Any, *, change: str, finish: Any) -> HttpResponse:
    request, former = view.request, view.request.session.session_key
    form.save()
    finish(request, form.user)
    rows.follow(request, former=former)
    return _changed(request, change, "password", address=view.get_success_url())


def _added(request: Request, kind: str, *, codes_too: bool) -> HttpResponse:
    """Write down a new way in; its first recovery codes are shown at once."""
    here = request.session.session_key or ""
    if codes_too:
        api.note_credential_change(change="create", kind="recovery-codes", here=here, by=request.actor, at=request.at)
    return _changed(request, "create", kind, address="mfa_view_recovery_codes" if codes_too else "mfa_index")


def _changed(request: Request, change: str, kind: str, *, address: str = "mfa_index") -> HttpResponse:
    here = request.session.session_key or ""
    api.note_credential_change(change=change, kind=kind, here=here, by=request.actor, at=request.at)
    messages.success(request, _("Written down, and in the ledger. Your other sessions have ended."))
    return redirect(address)


def _after_password(request: Request) -> str:
    return reverse("mfa_index") if proofs.has_strong(request.user) else reverse("mfa_activate_totp")


def _wanted(request: Request) -> str:
    """Return where somebody wanted to go, when that is a page of ours."""
    from allauth.account.adapter import get_adapter as get_account_adapter

    wanted = request.GET.get("next", "")
    return wanted if get_account_adapter().is_safe_url(wanted) else reverse("web:situation")
