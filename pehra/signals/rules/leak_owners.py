"""Whose a leaked account is, and what its finding says: one problem an address, organisation and source."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl

from pehra.kernel.clock import format_time
from pehra.kernel.markings import Pap, Tlp
from pehra.signals.rules import leaks
from pehra.signals.rules.leaks import LeakedRow

SUBJECT_TYPE = "email"
_MOMENT = pl.Datetime("us", "UTC")
# The columns that findings are folded from; the part `findings` refuses a frame that lacks one.
_TEXTS = (
    "subject", "subject_type", "asset", "organisation", "sector", "territory", "lead_team", "because", "kind",
    "classification_taxonomy", "classification_type", "classification_identifier", "malware_name", "protocol",
    "feed_name", "feed_code", "evidence",
)  # fmt: skip
_SCHEMA: dict[str, pl.DataType] = {
    **{name: pl.String() for name in _TEXTS},
    "teams": pl.List(pl.String()),
    "port": pl.Int64(),
    "times": pl.Int64(),
    "first_seen": _MOMENT,
    "last_seen": _MOMENT,
}


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who holds the name of an address, and who answers for it; no organisation: the country's own space."""

    asset: str
    organisation: str
    sector: str
    territory: str
    lead_team: str
    teams: tuple[str, ...]
    because: str


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What is said of a leak as a whole."""

    id: UUID
    source: str
    tlp: Tlp
    pap: Pap
    salt: bytes
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Account:
    """A row of a leak that is somebody's: its owner, the person of this node whose address it is, and its check."""

    row: LeakedRow
    owner: Owner | None
    by_service: bool
    person: UUID | None
    check: bytes = b""
    repeated: bool = False
    in_use: bool | None = None

    @property
    def is_for_asking(self) -> bool:
        """Whether anybody could ever ask if a secret is the leaked one: its organisation, or the person."""
        return self.person is not None or (self.owner is not None and bool(self.owner.organisation))


def sightings(accounts: Sequence[Account], intake: Intake) -> pl.DataFrame:
    """Return what findings fold: a sighting for each account that has an owner."""
    rows = [_sighting(account, account.owner, intake) for account in accounts if account.owner is not None]
    return pl.DataFrame(rows, schema=_SCHEMA)


def _sighting(account: Account, owner: Owner, intake: Intake) -> dict[str, object]:
    moment = account.row.leaked_at or account.row.first_seen or intake.at
    return {
        "subject": account.row.address,
        "subject_type": SUBJECT_TYPE,
        "asset": owner.asset,
        "organisation": owner.organisation,
        "sector": owner.sector,
        "territory": owner.territory,
        "lead_team": owner.lead_team,
        "teams": list(owner.teams),
        "because": owner.because,
        "kind": leaks.kind_of(intake.source),
        "classification_taxonomy": leaks.TAXONOMY,
        "classification_type": leaks.TYPE,
        "classification_identifier": leaks.IDENTIFIER,
        "malware_name": "",
        "protocol": "",
        "feed_name": intake.source,
        "feed_code": leaks.IDENTIFIER,
        "evidence": json.dumps(_evidence(account, intake), ensure_ascii=False),
        "port": 0,
        "times": 1,
        "first_seen": moment,
        "last_seen": moment,
    }


def _evidence(account: Account, intake: Intake) -> dict[str, str]:
    """Return what may be shown of the row: where and when, and that a secret stood beside it, never which."""
    row = account.row
    said = {
        "address": row.address,
        "source": intake.source,
        "service": row.service,
        "leaked_at": format_time(row.leaked_at) if row.leaked_at else "",
        "first_seen": format_time(row.first_seen) if row.first_seen else "",
        "with_secret": row.kind.value,
        "secret_seen_before": "yes" if account.repeated else "",
        "tlp": intake.tlp.value,
        "pap": intake.pap.value,
        "leak": str(intake.id),
    }
    return {name: value for name, value in said.items() if value}
