"""What an entry of the ledger says to a relying service: one table from our acts to events of CAEP, RISC and SSF.

Only what has become of an account leaves: that it was closed, that a session ended, that a way in was changed. Never
why in anybody's words: a reason written by a person may hold a matter of a case, so that each event carries a fixed
sentence. Refuses by absence: an act that stands in no line here tells nobody anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"

SESSION_REVOKED = CAEP + "session-revoked"
CREDENTIAL_CHANGE = CAEP + "credential-change"
TOKEN_CLAIMS_CHANGE = CAEP + "token-claims-change"
ACCOUNT_DISABLED = RISC + "account-disabled"
ACCOUNT_ENABLED = RISC + "account-enabled"
CREDENTIAL_CHANGE_REQUIRED = RISC + "account-credential-change-required"
CREDENTIAL_COMPROMISE = RISC + "credential-compromise"
RECOVERY_ACTIVATED = RISC + "recovery-activated"
RECOVERY_INFORMATION_CHANGED = RISC + "recovery-information-changed"
VERIFICATION = SSF + "verification"
STREAM_UPDATED = SSF + "stream-updated"

SUPPORTED = (
    SESSION_REVOKED,
    CREDENTIAL_CHANGE,
    TOKEN_CLAIMS_CHANGE,
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    CREDENTIAL_CHANGE_REQUIRED,
    CREDENTIAL_COMPROMISE,
    RECOVERY_ACTIVATED,
    RECOVERY_INFORMATION_CHANGED,
)
# Of the stream itself: sent whether asked for or not (SSF 1.0, sections 8.1.4.1 and 8.1.5).
ABOUT_THE_STREAM = (VERIFICATION, STREAM_UPDATED)

# Our word for a way in, and CAEP's. CAEP has none for a passkey, which may live in the device or on a key, nor for
# recovery codes: the first goes as the word that most transmitters use, the second by our own, as CAEP allows.
CREDENTIAL_TYPES = {
    "password": "password",
    "passkey": "fido2-platform",
    "totp": "app",
    "recovery-codes": "recovery-codes",
}
CHANGE_TYPES = frozenset({"create", "revoke", "update", "delete"})

EMAIL_SCOPE = "email"
ROLES_SCOPE = "pehra"
Sentence = Mapping[str, str]


class Initiator(StrEnum):
    """Who set off an act, in CAEP's words."""

    ADMIN = "admin"
    USER = "user"
    POLICY = "policy"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One event to be told: its type, what stands in it, and the scope of ID tokens whose new claims go with it.

    `session` narrows it to services used from that session; without one it is about the person's account.
    """

    event: str
    said: Mapping[str, Any] = field(default_factory=dict)
    claims: str = ""
    session: str = ""


Facts = Mapping[str, Any]
Telling = Callable[[Facts], tuple[Signal, ...]]


def _because(english: str, urdu: str) -> dict[str, Sentence]:
    return {"reason_admin": {"en": english, "ur": urdu}}


_CLOSED = _because("The account was closed.", "اکاؤنٹ بند کر دیا گیا۔")
_OPENED = _because("The account was opened again.", "اکاؤنٹ دوبارہ کھول دیا گیا۔")
_ENDED = _because("The session was ended.", "سیشن ختم کر دیا گیا۔")
_CHANGED = _because("A way to sign in was changed.", "سائن اِن کا ایک طریقہ بدل دیا گیا۔")
_ROLES = _because("The roles of the account changed.", "اکاؤنٹ کے کردار بدل گئے۔")
_ADDRESS = _because("The e-mail address of the account changed.", "اکاؤنٹ کا ای میل پتہ بدل گیا۔")
_RECOVERED = _because("The account was recovered.", "اکاؤنٹ بحال کیا گیا۔")
_LEAKED = _because(
    "A credential of this person was found among leaked ones.", "اس شخص کا ایک پاس ورڈ افشا شدہ فہرست میں ملا۔"
)


def _closed(facts: Facts) -> tuple[Signal, ...]:
    return (Signal(event=ACCOUNT_DISABLED, said=_CLOSED), Signal(event=SESSION_REVOKED, said=_CLOSED))


def _opened(facts: Facts) -> tuple[Signal, ...]:
    return (Signal(event=ACCOUNT_ENABLED, said=_OPENED),)


def _session_ended(facts: Facts) -> tuple[Signal, ...]:
    if facts.get("which") == "all":
        return (Signal(event=SESSION_REVOKED, said=_ENDED),)
    sids = [str(sid) for sid in facts.get("sids") or () if sid]
    return tuple(Signal(event=SESSION_REVOKED, said=_ENDED, session=sid) for sid in sids)


def _credential_changed(facts: Facts) -> tuple[Signal, ...]:
    kind, change = CREDENTIAL_TYPES.get(str(facts.get("kind"))), facts.get("change")
    if kind is None or change not in CHANGE_TYPES:
        return ()  # a one-time link or another provider's account is no credential of ours
    return (Signal(event=CREDENTIAL_CHANGE, said={"credential_type": kind, "change_type": change, **_CHANGED}),)


def _address_changed(facts: Facts) -> tuple[Signal, ...]:
    # We are not the authority over an address: RISC 1.0 wants this event of us, and `identifier-changed` of its host.
    return (
        Signal(event=RECOVERY_INFORMATION_CHANGED, said=_ADDRESS),
        Signal(event=TOKEN_CLAIMS_CHANGE, said=_ADDRESS, claims=EMAIL_SCOPE),
    )


def _roles_changed(facts: Facts) -> tuple[Signal, ...]:
    return (Signal(event=TOKEN_CLAIMS_CHANGE, said=_ROLES, claims=ROLES_SCOPE),)


def _recovered(facts: Facts) -> tuple[Signal, ...]:
    return (Signal(event=RECOVERY_ACTIVATED, said=_RECOVERED),)


def _leaked(facts: Facts) -> tuple[Signal, ...]:
    said = {"credential_type": "password", **_LEAKED}
    # Where the leaked password was the one in use, it works no more and a new one must be chosen.
    must = (Signal(event=CREDENTIAL_CHANGE_REQUIRED, said=_LEAKED),) if facts.get("ended") else ()
    return (Signal(event=CREDENTIAL_COMPROMISE, said=said), *must)


TABLE: Mapping[str, Telling] = {
    "access.person.closed": _closed,
    "access.person.opened": _opened,
    "access.session.ended": _session_ended,
    "access.credential.changed": _credential_changed,
    "access.email.changed": _address_changed,
    "access.granted": _roles_changed,
    "access.revoked": _roles_changed,
    "access.expired": _roles_changed,
    "access.glass.broken": _roles_changed,
    "access.recovered": _recovered,
    "signals.leak.received": _leaked,
}
# By a rule that nobody pressed a button for: a role that came to its end, a leak that a feed brought.
_BY_POLICY = frozenset({"access.expired"})
PERSON = "person:"


def signals_of(event: str, facts: Facts) -> tuple[Signal, ...]:
    """Return what an entry of the ledger says to relying services; nothing, for most."""
    telling = TABLE.get(event)
    return telling(facts) if telling else ()


def person_of(subject: str) -> str:
    """Return the id of the person an entry is about, or nothing."""
    return subject.removeprefix(PERSON) if subject.startswith(PERSON) else ""


def initiator(event: str, *, by: str, person: str) -> Initiator:
    """Return who set off an act: the person, somebody else, a rule, or Pehra itself."""
    if event in _BY_POLICY:
        return Initiator.POLICY
    if by.startswith("pehra."):
        return Initiator.SYSTEM
    return Initiator.USER if by == person else Initiator.ADMIN


def delivered(requested: list[str]) -> list[str]:
    """Return the events of those requested that are ever sent, in the order of the table."""
    return [event for event in SUPPORTED if event in requested]
