"""Which thread a message belongs to: one team, one other side, one matter. Pure."""

from hashlib import sha256

KEY_CHARACTERS_MAX = 200


def key(*, lead_team: str, organisation: str, email: str, about: str, to_team: str = "") -> str:
    """Return what tells a matter's thread from every other; the other side is an organisation, a team, an address."""
    side = f"address:{email.lower()}"
    if organisation or to_team:
        side = f"organisation:{organisation}" if organisation else f"team:{to_team}"
    text = f"{lead_team}|{side}|{about}"
    return text if len(text) <= KEY_CHARACTERS_MAX else sha256(text.encode()).hexdigest()


def title(subject: str, *, tlp: str, about: str) -> str:
    """Return what a matter is called: a letter's subject without the marking and number that are shown beside it."""
    return subject.removeprefix(f"[{tlp}] ").removeprefix(f"{about}: ") or subject
