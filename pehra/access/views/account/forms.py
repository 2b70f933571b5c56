"""allauth's forms, where a browser may send anything: what cannot be read is a refusal, and never a fault of ours."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms as theirs
from django import forms

CREDENTIAL_CHARACTERS_MAX = 32 * 1024
UNREADABLE = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


class _Credential(forms.JSONField):
    """What a browser says of a passkey; refuses what is too long or too deep to be that."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        """Return the document."""
        try:
            if len(value or "") <= CREDENTIAL_CHARACTERS_MAX:
                return super().to_python(value)
        except RecursionError:
            pass
        raise get_adapter().validation_error("incorrect_code")


class _Readable(forms.Form):
    """A form with a credential of a passkey in it."""

    credential = _Credential()

    def clean_credential(self) -> Any:
        """Return what allauth makes of the credential; refuse what it chokes on."""
        their = getattr(super(), "clean_credential", None)
        try:
            return their() if their else self.cleaned_data["credential"]
        except UNREADABLE as error:
            raise get_adapter().validation_error("incorrect_code") from error

    def clean(self) -> Any:
        """Return the whole form; a registration is read here."""
        try:
            return super().clean()
        except UNREADABLE as error:
            raise get_adapter().validation_error("incorrect_code") from error


class SignInByPasskey(_Readable, theirs.LoginWebAuthnForm):  # type: ignore[misc]
    """Somebody comes in by a passkey alone."""


class SecondFactorByPasskey(_Readable, theirs.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """Somebody shows a passkey after a password or a link."""


class ProveByPasskey(_Readable, theirs.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Somebody who is signed in shows a passkey again."""


class AddPasskey(_Readable, theirs.AddWebAuthnForm):  # type: ignore[misc]
    """Somebody makes a passkey for this account."""

    name = forms.CharField(required=False, max_length=100)
