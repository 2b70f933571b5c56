"""The operator's file of mailboxes, `mailboxes.toml` in the data folder, and their passwords.

A password comes from the environment (`PEHRA_MAILBOX_PASSWORD_<NAME>`) or from a file beside it that nobody else may
read.
"""

import stat
import tomllib
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from pehra.intake.rules.mail.mailboxes import Mailbox, parsed
from pehra.kernel.refusals import Fault, Invalid

FILE = "mailboxes.toml"


def configured() -> tuple[Mailbox, ...]:
    """Return the mailboxes that the operator wrote down; none where there is no file."""
    path = Path(settings.PEHRA_DATA) / FILE
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return ()
    return _read(path, changed)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> tuple[Mailbox, ...]:
    del changed  # part of the key: the same file at another time is another one
    try:
        return parsed(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Fault(f"{path.name} cannot be read: {error}") from error
    except Invalid as error:
        raise Fault(f"{path.name}: {error.message}") from error


def password_of(mailbox: Mailbox) -> str:
    """Return a mailbox's password; refuse one that others can read."""
    said = settings.PEHRA_MAILBOX_PASSWORDS.get(mailbox.name.replace("-", "_"), "")
    if said:
        return str(said)
    if not mailbox.password_file:
        raise Fault(f"the mailbox {mailbox.name} has no password: name a password_file in {FILE}")
    path = Path(settings.PEHRA_DATA) / mailbox.password_file
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Fault(f"{path.name} can be read by others: chmod 600 {path.name}")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Fault(f"the password of {mailbox.name} cannot be read: {error.strerror}") from error


def authority_of(mailbox: Mailbox) -> Path | None:
    """Return the file of the authority that vouches for a mailbox's server, where the system's own do not."""
    return Path(settings.PEHRA_DATA) / mailbox.ca_file if mailbox.ca_file else None
