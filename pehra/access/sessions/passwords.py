"""Whether a new password will do, said in our own words. No rule of composition, no expiry, no hint, no question."""

from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from pehra.access.rules import passwords


class GoodPassword:
    """Django's door for checking a password, and the only one that is set."""

    def __init__(self) -> None:
        self.common = set(CommonPasswordValidator().passwords)

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse what is short, common, monotonous, or made of the person's own words."""
        if len(password) < passwords.CHARACTERS_MIN:
            raise ValidationError(
                _("A password has at least %(n)s characters; several words are easiest.")
                % {"n": passwords.CHARACTERS_MIN},
                code="short",
            )
        if len(password) > passwords.CHARACTERS_MAX:
            raise ValidationError(
                _("A password has at most %(n)s characters.") % {"n": passwords.CHARACTERS_MAX}, code="long"
            )
        heart = passwords.heart_of(password)
        if not heart or {password.casefold().strip(), heart} & self.common or passwords.is_monotonous(password):
            raise ValidationError(_("This password is among the first that somebody would try."), code="common")
        about = passwords.words_about(getattr(user, "name", ""), getattr(user, "email", ""))
        if passwords.is_about(password, words=about):
            raise ValidationError(_("This password is made of your name, your address or ours."), code="about")

    def get_help_text(self) -> str:
        """Say what is asked for."""
        return _("At least %(n)s characters; several words are easiest. Pasting is welcome.") % {
            "n": passwords.CHARACTERS_MIN
        }
