"""What our own mail server found out about a mail's sender, read from the one header line that it writes itself.

RFC 8601: only a line whose first word is our server's own name counts, and only the first such line, since a stranger
can put any number of others below it. Without a name in the settings nothing is believed.
"""

import re
from collections.abc import Collection, Sequence

from pehra.intake.rules.mail import headers as lines
from pehra.intake.rules.mail.letters import Letter

_RESULT = re.compile(r"(?i)\b(dkim|spf|dmarc)\s{0,3}=\s{0,3}([a-z]{1,20})")
# What a stranger chose stands between these: the local part of an address, a reason, a comment.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\([^()]*\)')
_DKIM_DOMAIN = re.compile(r"(?i)\bheader\.(?:d|i)\s{0,3}=\s{0,3}@?([a-z0-9.-]{1,253})")


def verdict(letter: Letter, server: str, method: str) -> str:
    """Return what our server said of one method: `pass`, `fail`, or nothing where it said nothing."""
    return next(
        (
            result
            for name, result, _rest in _results(letter.headers.get("authentication-results", ()), server)
            if name == method
        ),
        "",
    )


def is_signed_by_its_domain(letter: Letter, server: str) -> bool:
    """Whether our server found a signature (DKIM) of the sender's own domain, or of one above it."""
    for name, result, rest in _results(letter.headers.get("authentication-results", ()), server):
        if name == "dkim" and result == "pass":
            said = _DKIM_DOMAIN.search(rest)
            domain = said[1].lower() if said else ""
            if domain and (letter.sender.domain == domain or letter.sender.domain.endswith(f".{domain}")):
                return True
    return False


def is_believed(letter: Letter, senders: Collection[str], server: str) -> bool:
    """Whether a mail is from one of the senders named, and our server says so where it is asked."""
    named = letter.sender.address.lower() in senders or f"@{letter.sender.domain}" in senders
    return named and (not server or is_signed_by_its_domain(letter, server))


def _results(values: Sequence[str], server: str) -> list[tuple[str, str, str]]:
    for value in values:
        text = lines.words(value, lines.VALUE_CHARACTERS_MAX)
        name, _, rest = text.partition(";")
        if server and name.split(" ", 1)[0].strip().lower() == server.lower():
            said = _QUOTED.sub(" ", rest).split(";")
            pieces = [(found, piece) for piece in said if (found := _RESULT.search(piece))]
            return [(found[1].lower(), found[2].lower(), piece) for found, piece in pieces]
    return []
