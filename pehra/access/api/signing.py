"""What Pehra signs for services outside: ID tokens, logout tokens, security events; and the keys to verify them with.

The keys are files of the node. The first is made when it is first needed; the next is published at once and signs after
a day; the one before stays published until nothing it signed is verified any more.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from pehra.access.api.deciding import require
from pehra.access.gateways import signing_keys as gateway
from pehra.access.gateways.signing_keys import SigningKey
from pehra.access.rules import keys as rules
from pehra.access.rules.keys import KeyStanding
from pehra.access.rules.roles import Permission
from pehra.kernel.actors import Actor
from pehra.ledger import api as ledger

LOCAL_ADDRESS = "http://localhost:8000"


def issuer() -> str:
    """Return the name under which this node signs: its public address, or, of a node without one, the local one."""
    return (settings.PEHRA_URL or LOCAL_ADDRESS).rstrip("/")


def sign(claims: Mapping[str, Any], *, typ: str, at: datetime) -> str:
    """Return a compact JWS (RS256) of claims with `iss` and `iat`, unless they say them; `typ` names what it is.

    `typ` is the media type without `application/`: `JWT`, `logout+jwt`, `secevent+jwt`.
    """
    whole = {"iss": issuer(), "iat": int(at.timestamp())} | dict(claims)
    return gateway.signed(whole, typ=typ, key=signing_key(at=at))


def jwks(*, at: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return the JSON Web Key Set: every key that signs, will sign, or signed something that may still be verified."""
    return {"keys": [gateway.public_jwk(key) for key in published_keys(at=at)]}


def signing_key(*, at: datetime) -> SigningKey:
    """Return the key that signs at a moment; the private half is for the provider alone."""
    found = {key.dates.kid: key for key in _keys(at=at)}
    standings = rules.standings([key.dates for key in found.values()], at=at)
    return next(found[row.key.kid] for row in standings if row.standing == "signing")


def published_keys(*, at: datetime) -> list[SigningKey]:
    """Return the keys by which something may be verified at a moment, oldest first."""
    found = {key.dates.kid: key for key in _keys(at=at)}
    standings = rules.standings([key.dates for key in found.values()], at=at)
    return [found[row.key.kid] for row in standings if row.standing != "retired"]


def signing_keys(*, by: Actor, at: datetime) -> list[KeyStanding]:
    """Return what each key is for, oldest first."""
    require(by, Permission.ACCESS_SERVICES)
    return rules.standings([key.dates for key in _keys(at=at)], at=at)


@transaction.atomic
def rotate_keys(*, at_once: bool = False, withdraw: bool = False, by: Actor, at: datetime) -> str:
    """Make the next key, which signs after it was published for a day; forget the retired ones; return its name.

    While one waits to sign, no further is made. `at_once` lets it sign now: verifiers that keep keys for an hour refuse
    what it signs until they ask again. `withdraw` takes away every other key as well, for the day one of them is known
    to others: what they signed is no good from then on.
    """
    require(by, Permission.ACCESS_SERVICES)
    with gateway.locked():
        before = rules.standings([key.dates for key in gateway.read_keys()], at=at)
        at_once = at_once or withdraw or not before
        waiting = [row.key.kid for row in before if row.standing == "next"]
        if waiting and not at_once:
            return waiting[-1]
        made = gateway.add_key(made_at=at, signs_from=at if at_once else at + rules.ANNOUNCED_FOR)
        gone = [row.key.kid for row in before if withdraw or row.standing == "retired" or row.key.kid in waiting]
        facts = {"key": made.dates.kid, "signs_from": made.dates.signs_from, "gone": gone, "withdrawn": withdraw}
        ledger.record("access.keys.rotated", subject="access:keys", by=by, at=at, facts=facts)
        for kid in gone:
            gateway.remove_key(kid)
    return made.dates.kid


def _keys(*, at: datetime) -> list[SigningKey]:
    """Return the keys; make the first where there is none. Of two that start at once one makes it and both use it."""
    if found := gateway.read_keys():
        return found
    with gateway.locked():
        return gateway.read_keys() or [gateway.add_key(made_at=at, signs_from=at)]
