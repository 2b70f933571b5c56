"""The Reference Security Incident Taxonomy: which types there are, and of which class each is.

ENISA's RSIT 1003 (version 1.3), the table of machine values. IntelMQ's own extensions and spellings are brought back
to it, so that law, findings and statistics speak one language. A word that is neither stays what it said, in `extra`,
and the event is `other/undetermined`.
"""

from pehra.kernel.rsit import CLASS_OF, CLASSES

__all__ = ["CLASSES", "CLASS_OF", "EXTENSIONS", "SPELLINGS", "UNDETERMINED", "class_of", "settled"]

# IntelMQ's extensions that RSIT lacks. `blocklist` is kept, because a listing is a fact of its own and no incident.
EXTENSIONS: dict[str, str] = {"blocklist": "other"}

# Other spellings, met in IntelMQ's field dictionary of several years.
SPELLINGS: dict[str, str] = {
    "blacklist": "blocklist",
    "backdoor": "system-compromise",
    "botnet drone": "infected-system",
    "c&c": "c2-server",
    "compromised": "system-compromise",
    "defacement": "unauthorised-information-modification",
    "dga domain": "c2-server",
    "dga-domain": "c2-server",
    "dropzone": "other",
    "leak": "data-leak",
    "malware": "infected-system",
    "proxy": "other",
    "ransomware": "infected-system",
    "tor": "other",
    "unauthorized-command": "privileged-account-compromise",
    "unauthorized-information-access": "unauthorised-information-access",
    "unauthorized-information-modification": "unauthorised-information-modification",
    "unauthorized-login": "unprivileged-account-compromise",
    "unauthorized-use-of-resources": "unauthorised-use-of-resources",
    "unknown": "undetermined",
    "vulnerable client": "vulnerable-system",
    "vulnerable service": "vulnerable-system",
}

UNDETERMINED = ("other", "undetermined")


def class_of(kind: str) -> str:
    """Return the class of a type; refuse, by KeyError, a word that is no type."""
    return CLASS_OF.get(kind) or EXTENSIONS[kind]


def settled(word: str) -> tuple[str, str] | None:
    """Return class and type for a feed's word, or None when it is no known type."""
    kind = word.strip().lower()
    kind = SPELLINGS.get(kind, kind)
    found = CLASS_OF.get(kind) or EXTENSIONS.get(kind)
    return (found, kind) if found else None
