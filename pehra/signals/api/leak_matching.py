"""Whose the rows of a leak are, which of them are news, and what becomes of their secrets: a check, or a comparison.

The work with secrets ends here: what is returned holds none that is still needed.
"""

import hmac
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import polars as pl
from django.conf import settings

from pehra.access import api as access
from pehra.kernel.actors import Actor
from pehra.law import api as law
from pehra.registry import api as registry
from pehra.signals.queries import leak_history
from pehra.signals.queries.leak_history import Check
from pehra.signals.rules import leak_secrets
from pehra.signals.rules.leak_owners import Account, Intake, Owner
from pehra.signals.rules.leaks import LeakedRow, SecretKind

# Whoever hands in leaks could guess at a person's password through them: so many tries a day, over all leaks.
COMPARISONS_A_DAY_MAX = 10
_KEY_PURPOSE = b"pehra.signals.leaks"


@dataclass(kw_only=True)
class Matched:
    """The accounts that are news, and how many rows were not: known already, or of nobody known."""

    accounts: list[Account] = field(default_factory=list)
    known: int = 0
    strangers: int = 0


def matched(rows: Sequence[LeakedRow], intake: Intake, *, by: Actor) -> Matched:
    """Return whose each row is, with its check; rows of nobody known are counted and left out."""
    owners = _owners(rows, intake)
    people = access.people_at(addresses=[row.address for row in rows], by=by)
    accounts = [
        Account(row=row, owner=owner, by_service=by_service, person=people.get(row.address))
        for row, (owner, by_service) in zip(rows, owners, strict=True)
        if owner is not None or row.address in people
    ]
    result = Matched(strangers=len(rows) - len(accounts))
    addresses = [account.row.address for account in accounts]
    said = leak_history.known_rows(source=intake.source, addresses=addresses)
    earlier = leak_history.earlier_checks(addresses=addresses)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        checked = list(pool.map(lambda account: _checked(account, intake, earlier), accounts))
    for account in checked:
        row = account.row
        # The same row with a secret that was not seen before is news; without one, or with the same, it is none.
        if (row.address, row.service, row.leaked_at) in said and (account.repeated or not account.check):
            result.known += 1
        else:
            result.accounts.append(account)
    result.accounts = _compared(result.accounts, intake, by=by)
    return result


def check_key() -> bytes:
    """Return the key of this node's checks: made from its secret key, which is in no database."""
    return hmac.new(settings.SECRET_KEY.encode(), _KEY_PURPOSE, "sha256").digest()


def _checked(account: Account, intake: Intake, earlier: Mapping[str, list[Check]]) -> Account:
    secret, address = account.row.secret, account.row.address
    if secret is None or not account.is_for_asking:
        return account
    key = check_key()
    repeated = any(
        leak_secrets.same(check, leak_secrets.check_of(secret, address=address, salt=salt, key=key))
        for salt, check in earlier.get(address, ())
    )
    check = leak_secrets.check_of(secret, address=address, salt=intake.salt, key=key)
    return replace(account, check=check, repeated=repeated)


def _compared(accounts: Iterable[Account], intake: Intake, *, by: Actor) -> list[Account]:
    """Compare leaked passwords of people of this node with those they have now, so many a person and day."""
    accounts = list(accounts)
    people = {account.person for account in accounts if account.person is not None}
    tried: Counter[UUID] = Counter(leak_history.comparisons(people=people, since=intake.at - timedelta(days=1)))
    compared = []
    for account in accounts:
        person, secret = account.person, account.row.secret
        if person is not None and secret is not None and account.row.kind is SecretKind.PASSWORD:
            tried[person] += 1
            if tried[person] <= COMPARISONS_A_DAY_MAX:
                in_use = access.is_password_of(person_id=person, candidate=secret.reveal(), by=by)
                account = replace(account, in_use=in_use)
        compared.append(account)
    return compared


def _owners(rows: Sequence[LeakedRow], intake: Intake) -> list[tuple[Owner | None, bool]]:
    """Return each row's owner, by the domain of its address or else by the service, and whether it was the service."""
    book = registry.attribution(on=law.day_of(law.load(settings.PEHRA_PROFILE), intake.at))
    by_domain = book.find_domains(pl.Series([row.domain for row in rows], dtype=pl.String()))
    by_host = book.find_domains(pl.Series([row.host for row in rows], dtype=pl.String()))
    known: dict[int, Owner] = {}

    def owner(place: int) -> Owner | None:
        if place == registry.NOBODY:
            return None
        if place not in known:
            known[place] = _owner(book.owners.row(place, named=True))
        return known[place]

    return [
        (owner(domain), False) if domain != registry.NOBODY else (owner(host), host != registry.NOBODY)
        for domain, host in zip(by_domain.tolist(), by_host.tolist(), strict=True)
    ]


def _owner(row: Mapping[str, object]) -> Owner:
    texts = ("asset", "organisation", "sector", "territory", "lead_team", "because")
    teams = row["teams"]
    return Owner(
        **{name: str(row[name] or "") for name in texts},
        teams=tuple(str(team) for team in teams) if isinstance(teams, list) else (),
    )
