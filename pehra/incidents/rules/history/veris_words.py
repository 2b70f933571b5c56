"""VERIS's words in ours: one table from actions to RSIT, one from NAICS to sectors. The first line that holds decides.

VERIS 1.3.4 codes an incident by actor, action, asset and attribute; RSIT 1003 by what happened to whom. The tables say
how the one is read as the other: a reading of ours, kept with each incident as the reason of its class.
"""

from collections.abc import Iterable
from dataclasses import dataclass

ANY = ""


@dataclass(frozen=True)
class Reading:
    """An action (and variety, and what it did to which attribute) as a type of RSIT."""

    action: str
    variety: str
    attribute: str
    type: str


def _of(action: str, kind: str, *varieties: str, attribute: str = ANY) -> tuple[Reading, ...]:
    return tuple(Reading(action, variety, attribute, kind) for variety in varieties or (ANY,))


READINGS: tuple[Reading, ...] = (
    *_of("malware", "c2-server", "C2 server"),
    *_of("malware", "infected-system"),
    *_of("hacking", "ddos", "DoS"),
    *_of("hacking", "unprivileged-account-compromise", "Use of stolen creds", "Brute force"),
    *_of("hacking", "application-compromise", "SQLi", "XSS", "RFI", "SSI injection", "Path traversal"),
    *_of("hacking", "application-compromise", "Forced browsing", "Abuse of functionality", "OS commanding"),
    *_of("hacking", "scanner", "Footprinting"),
    *_of("hacking", "sniffing", "MitM"),
    *_of("hacking", "system-compromise"),
    *_of("social", "phishing", "Phishing"),
    *_of("social", "masquerade", "Forgery", "Scam", "Spam"),
    *_of("social", "harmful-speech", "Propaganda"),
    *_of("social", "social-engineering"),
    *_of("misuse", "harmful-speech", "Illicit content"),
    *_of("misuse", "unauthorised-information-access", attribute="confidentiality"),
    *_of("misuse", "unauthorised-use-of-resources"),
    *_of("physical", "data-loss", "Theft", attribute="confidentiality"),
    *_of("physical", "burglary", "Theft", "Bypassed controls", "Disabled controls"),
    *_of("physical", "sniffing", "Wiretapping", "Snooping", "Surveillance", "Skimmer"),
    *_of("physical", "sabotage", "Destruction", "Tampering"),
    *_of("physical", "unauthorised-information-access", attribute="confidentiality"),
    *_of("physical", "other"),
    *_of("error", "data-loss", "Loss"),
    *_of("error", "misconfiguration", "Misconfiguration", attribute="availability"),
    *_of("error", "data-leak", attribute="confidentiality"),
    *_of("error", "unauthorised-information-modification", attribute="integrity"),
    *_of("error", "outage"),
    *_of("environmental", "outage"),
    *_of("unknown", "data-leak", attribute="confidentiality"),
    *_of("unknown", "outage", attribute="availability"),
    *_of("unknown", "unauthorised-information-modification", attribute="integrity"),
    *_of("unknown", "undetermined"),
)
"""Actions in the order in which they name an incident: what somebody did before what went wrong by itself."""

ORDER: tuple[str, ...] = tuple(dict.fromkeys(reading.action for reading in READINGS))

SECTORS: tuple[tuple[str, str], ...] = (
    ("928", "defence"),
    ("92", "government"),
    ("2211", "power"),
    ("2212", "energy"),
    ("22", "community"),
    ("211", "energy"),
    ("486", "energy"),
    ("324", "energy"),
    ("517", "telecom"),
    ("515", "telecom"),
    ("518", "telecom"),
    ("52", "banking-finance"),
    ("61", "academia"),
    ("62", "health"),
    ("481", "civil-aviation"),
    ("4881", "civil-aviation"),
    ("48", "transport"),
    ("49", "transport"),
    ("813", "community"),
    ("11", "commerce"),
    ("21", "commerce"),
    ("23", "commerce"),
    ("3", "commerce"),
    ("4", "commerce"),
    ("5", "commerce"),
    ("7", "commerce"),
    ("8", "commerce"),
)
"""Beginnings of NAICS 2012 codes and the sector each is read as. The first that fits decides; none fits `000000`."""

SEVERITIES: dict[str, str] = {
    "Insignificant": "low",
    "Distracting": "low",
    "Painful": "medium",
    "Damaging": "high",
    "Catastrophic": "critical",
}


def type_of(actions: Iterable[str], varieties: dict[str, set[str]], attributes: set[str]) -> str:
    """Return the RSIT type of an incident: by its first action that a line of the table holds of."""
    for action in sorted(set(actions), key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER)):
        for reading in READINGS:
            if (
                reading.action == action
                and (reading.variety == ANY or reading.variety in varieties.get(action, set()))
                and (reading.attribute == ANY or reading.attribute in attributes)
            ):
                return reading.type
    return "undetermined"


def sector_of(naics: str) -> str:
    """Return the sector that an industry is read as; empty where it is not said."""
    return next((sector for beginning, sector in SECTORS if naics.startswith(beginning)), "")
