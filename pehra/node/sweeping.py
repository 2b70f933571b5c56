"""Files of the vault that no row of any part names: counted by `pehra doctor`, removed by `pehra sweep --remove` alone.

A submission that was refused half-way, a seal that was made anew and a sender who died leave such files. One that was
kept within a day is left in any case: the row that names it may be about to be written. What is removed stands in the
ledger first, by its hashes, so that no file goes without an entry.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid
from pehra.ledger import api as ledger
from pehra.vault import api as vault
from pehra.vault.api import Lying

GRACE = timedelta(days=1)  # no act takes so long between a file and its row
BATCH = 100  # files asked about at once, and hashes in one entry of the ledger
SUBJECT = "vault"


@dataclass(kw_only=True)
class Swept:
    """What was looked at, and what of it no row names; `fresh` were kept too lately to say."""

    files: int = 0
    named: int = 0
    fresh: int = 0
    unnamed: int = 0
    unnamed_bytes: int = 0
    removed: int = 0
    first: list[str] = field(default_factory=list)

    @property
    def is_foreign(self) -> bool:
        """Whether not one of the files is named: then this is another database's vault, and no leftovers."""
        return bool(self.unnamed) and not self.named


def look(*, at: datetime, limit: int | None = None, say: Callable[[int], None] = lambda files: None) -> Swept:
    """Count the files of the vault that no row names, of the first `limit` or of all."""
    found = Swept()
    for batch in _batches(limit):
        loose = _unnamed(batch, found, at=at)
        found.first += [file.sha256 for file in loose[: BATCH - len(found.first)]]
        say(found.files)
    return found


def sweep(*, by: Actor, at: datetime, say: Callable[[int], None] = lambda files: None) -> Swept:
    """Remove the files that no row names; refuse where not one is named, as after a wrong database was opened."""
    if not by.is_system:
        raise Forbidden("files are swept by whoever runs the node")
    if look(at=at).is_foreign:
        raise Invalid("no row names any file of this vault: is this the database that belongs to it?", field="vault")
    swept = Swept()
    for batch in _batches(None):
        loose = _unnamed(batch, swept, at=at)
        if loose:
            _write_down(loose, by=by, at=at)
            swept.removed += sum(vault.remove(file.sha256, older_than=_before(at)) for file in loose)
        say(swept.files)
    return swept


def _batches(limit: int | None) -> Iterator[list[Lying]]:
    files = islice(vault.lying(), limit)
    while batch := list(islice(files, BATCH)):
        yield batch


def _unnamed(batch: list[Lying], counted: Swept, *, at: datetime) -> list[Lying]:
    """Return those of some files that may go, and count them all."""
    rested = [file for file in batch if file.kept_at < _before(at)]
    named = vault.named([file.sha256 for file in rested])
    loose = [file for file in rested if file.sha256 not in named]
    counted.files += len(batch)
    counted.fresh += len(batch) - len(rested)
    counted.named += len(named)
    counted.unnamed += len(loose)
    counted.unnamed_bytes += sum(file.size for file in loose)
    return loose


@transaction.atomic
def _write_down(loose: list[Lying], *, by: Actor, at: datetime) -> None:
    facts = {"files": [file.sha256 for file in loose], "bytes": sum(file.size for file in loose)}
    ledger.record("vault.swept", subject=SUBJECT, by=by, at=at, facts=facts)


def _before(at: datetime) -> float:
    return (at - GRACE).timestamp()
