"""The mailboxes that are read: how the operator writes them down, and what of that can be used.

Unknown keys, doubled names and a password over an open line are errors: a slip in this file must not be a mailbox that
nobody reads.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pehra.intake.rules.mail.sorting import Own
from pehra.kernel.refusals import Invalid

MAILBOXES_MAX = 50
PORTS = {"tls": 993, "starttls": 143, "none": 143}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_FOLDER = re.compile(r"[^\x00-\x1f\x7f\"*%]{1,200}")
_HERE = ("localhost", "127.0.0.1", "::1")
_FOLDERS = ("folder", "done_folder", "aside_folder")
_TEXTS = {"name", "host", "user", "team", "security", "password_file", "ca_file", "server", *_FOLDERS}
_LISTS = {"addresses", "believes"}
_KEYS = _TEXTS | _LISTS | {"port", "receipts"}
_NEEDED = {"name", "host", "user", "team", "addresses"}


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """One mailbox. `believes` are senders whose feeds and abuse reports go on to the machine road by themselves;
    `server` is the name under which our own mail server says whether a sender is who it says (RFC 8601).
    """

    name: str
    host: str
    user: str
    team: str
    addresses: tuple[str, ...]
    port: int
    security: str = "tls"
    password_file: str = ""
    ca_file: str = ""
    folder: str = "INBOX"
    done_folder: str = "Pehra/Taken"
    aside_folder: str = "Pehra/Aside"
    believes: frozenset[str] = frozenset()
    server: str = ""
    receipts: bool = True

    def own(self, *, sender: str) -> Own:
        """Return what is ours as this mailbox sees it; `sender` is the address that the outbox writes from."""
        addresses = frozenset({*self.addresses, sender.lower()} - {""})
        return Own(addresses=addresses, domains=frozenset({sender.rpartition("@")[2].lower()} - {""}))


def parsed(document: Mapping[str, Any]) -> tuple[Mailbox, ...]:
    """Read the mailboxes of a file; raise `Invalid` for what cannot be used."""
    unknown = set(document) - {"mailbox"}
    rows = document.get("mailbox", [])
    if unknown or not isinstance(rows, list):
        raise Invalid(f"unknown: {', '.join(sorted(unknown))}; a mailbox is a table [[mailbox]]", field="mailbox")
    found = tuple(_mailbox(row) for row in rows)
    if len({one.name for one in found}) != len(found) or len(found) > MAILBOXES_MAX:
        raise Invalid(f"each mailbox has a name of its own, and there are at most {MAILBOXES_MAX}", field="name")
    return found


def _mailbox(row: Mapping[str, Any]) -> Mailbox:
    if unknown := set(row) - _KEYS:
        raise Invalid(f"unknown: {', '.join(sorted(unknown))}", field="mailbox")
    if missing := _NEEDED - set(row):
        raise Invalid(f"missing: {', '.join(sorted(missing))}", field="mailbox")
    texts = {key: row[key] for key in sorted(_TEXTS) if key in row}
    if wrong := [key for key, value in texts.items() if not isinstance(value, str) or not value.strip()]:
        raise Invalid(f"{wrong[0]} is a text", field=wrong[0])
    if not _NAME.fullmatch(texts["name"]):
        raise Invalid("a name has lower-case letters, digits and dashes, at most 40", field="name")
    security = texts.get("security", "tls")
    if security not in PORTS:
        raise Invalid(f"security is one of: {', '.join(PORTS)}", field="security")
    if security == "none" and texts["host"] not in _HERE:
        raise Invalid("a password goes over TLS, but to this machine itself", field="security")
    folders = [texts[key] for key in _FOLDERS if key in texts]
    if any(not _FOLDER.fullmatch(folder) for folder in folders) or len(set(folders)) != len(folders):
        raise Invalid("the three folders have three names, without quotes and stars", field="folder")
    return Mailbox(
        **texts,
        port=_port(row, security),
        addresses=tuple(_addresses(row, "addresses")),
        believes=frozenset(_addresses(row, "believes")),
        receipts=_switch(row, "receipts"),
    )


def _port(row: Mapping[str, Any], security: str) -> int:
    port = row.get("port", PORTS[security])
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65_536:
        raise Invalid("a port is a number up to 65535", field="port")
    return port


def _switch(row: Mapping[str, Any], key: str) -> bool:
    value = row.get(key, True)
    if not isinstance(value, bool):
        raise Invalid(f"{key} is true or false", field=key)
    return value


def _addresses(row: Mapping[str, Any], key: str) -> list[str]:
    values = row.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and "@" in value for value in values):
        raise Invalid(f"{key} is a list of addresses", field=key)
    return [value.strip().lower() for value in values]
