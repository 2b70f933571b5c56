"""Relying services: which may let people in by our sign-in, where browsers are sent, and whose people they are for.

Kept by whoever keeps the node. A secret is told once and kept as its hash. A closed service gets no token more, and the
sign-ins in it end.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.idp.oidc.models import Client, Token
from django.db import transaction
from django.db.models import Count, F, Max, Q
from django.utils.translation import gettext as _

from pehra.access.api.deciding import require
from pehra.access.api.outward import outside_place
from pehra.access.api.scopes import require_known_team
from pehra.access.api.second_wall import elevated
from pehra.access.gateways.client_secrets import RandomSecretHasher
from pehra.access.models import RelyingService, ServiceUse
from pehra.access.rules import provider as rules
from pehra.access.rules.roles import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger

SECRET_BYTES = 32
CLIENT_ID_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class ServiceView:
    """A relying service as its operators see it. `untold` counts ended sign-ins it has not heard of yet."""

    client_id: str
    name: str
    teams: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    after_logout_uris: tuple[str, ...]
    grants: tuple[str, ...]
    logout_uri: str
    public: bool
    created_at: datetime
    closed_at: datetime | None
    signed_in: int
    untold: int
    last_used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class NewService:
    """A service that was just added; `secret` is told this once, and is empty for a public one."""

    client_id: str
    secret: str


@transaction.atomic
def add_service(
    *,
    name: str,
    redirect_uris: Iterable[str] = (),
    after_logout_uris: Iterable[str] = (),
    teams: Iterable[str] = (),
    grants: Iterable[str] = ("code", "refresh"),
    logout_uri: str = "",
    public: bool = False,
    by: Actor,
    at: datetime,
) -> NewService:
    """Add a service that trusts our sign-in. Of `teams` one must be the person's; none means everybody's."""
    require(by, Permission.ACCESS_SERVICES)
    words = name.strip()
    if not words or len(words) > rules.NAME_CHARACTERS_MAX:
        raise Invalid(
            _("a service needs a name of at most %(n)d letters") % {"n": rules.NAME_CHARACTERS_MAX}, field="name"
        )
    kinds = rules.grant_kinds(grants, public=public)
    codes = tuple(dict.fromkeys(code.strip() for code in teams if code.strip()))
    for code in codes:
        require_known_team(code)
    redirects = rules.redirect_uris(redirect_uris)
    after = rules.redirect_uris(after_logout_uris, field="after_logout_uris")
    if bool(redirects) != (rules.GrantKind.CODE in kinds):
        raise Invalid(
            _("where browsers are sent back to is named for the grant type code, and for no other"),
            field="redirect_uris",
        )
    if logout_uri:
        outside_place(logout_uri, field="logout_uri")
    client = Client(
        id=secrets.token_hex(CLIENT_ID_BYTES),
        name=words,
        type=Client.Type.PUBLIC if public else Client.Type.CONFIDENTIAL,
        skip_consent=True,
        created_at=at,
        secret="",
    )
    client.set_grant_types([rules.GRANT_TYPES[kind] for kind in kinds])
    client.set_response_types(["code"] if redirects else [])
    client.set_redirect_uris(list(redirects))
    client.set_post_logout_redirect_uris(list(after))
    client.set_scopes(list(rules.SCOPES))
    client.set_default_scopes(["openid"])
    secret = "" if public else _new_secret(client)
    client.save(force_insert=True)
    RelyingService.objects.create(
        client_id=client.id, name=words, teams=list(codes), logout_uri=logout_uri, created_by=by.id, created_at=at
    )
    facts = {"name": words, "teams": codes, "redirect_uris": redirects, "grants": kinds, "public": public}
    ledger.record("access.service.added", subject=f"service:{client.id}", by=by, at=at, facts=facts)
    return NewService(client_id=client.id, secret=secret)


@transaction.atomic
def rotate_service_secret(*, client_id: str, by: Actor, at: datetime) -> str:
    """Give a service another secret, told once; the former is no good from this moment."""
    require(by, Permission.ACCESS_SERVICES)
    client = _client(client_id)
    if client.type == Client.Type.PUBLIC:
        raise Invalid(_("a public service has no secret"))
    secret = _new_secret(client)
    Client.objects.filter(id=client.id).update(secret=client.secret)
    ledger.record("access.service.rotated", subject=f"service:{client.id}", by=by, at=at)
    return secret


@transaction.atomic
@elevated(part="access.provider", only_people=True)
def close_service(*, client_id: str, reason: str, by: Actor, at: datetime) -> None:
    """Let nobody in there any more: its tokens end now, and it is told that its sign-ins are over."""
    require(by, Permission.ACCESS_SERVICES)
    if not reason.strip():
        raise Invalid(_("say why"), field="reason")
    client = _client(client_id)
    RelyingService.objects.filter(client_id=client.id).update(closed_at=at)
    Token.objects.filter(client=client).delete()
    open_uses = ServiceUse.objects.filter(service_id=client.id, ended_at__isnull=True)
    ended = open_uses.update(ended_at=at, try_at=at)
    facts = {"reason": reason.strip(), "signed_in": ended}
    ledger.record("access.service.closed", subject=f"service:{client.id}", by=by, at=at, facts=facts)


@elevated(part="access.provider", only_people=True)
def relying_services(*, by: Actor) -> list[ServiceView]:
    """Return all relying services, those that are open first."""
    require(by, Permission.ACCESS_SERVICES)
    rows = RelyingService.objects.annotate(
        signed_in=Count("uses", filter=Q(uses__ended_at__isnull=True)),
        untold=Count("uses", filter=Q(uses__try_at__isnull=False)),
        last_used_at=Max("uses__last_at"),
    ).order_by(F("closed_at").desc(nulls_first=True), "name", "client_id")
    clients = Client.objects.in_bulk([row.client_id for row in rows])
    return [_view(row, clients[row.client_id]) for row in rows if row.client_id in clients]


def relying_service(*, client_id: str, by: Actor) -> ServiceView:
    """Return one service."""
    for row in relying_services(by=by):
        if row.client_id == client_id:
            return row
    raise NotVisible(_("There is no such service."))


def open_service(client_id: str) -> RelyingService | None:
    """Return a service that is there and not closed, for the provider itself."""
    return RelyingService.objects.filter(client_id=client_id, closed_at__isnull=True).first()


def _client(client_id: str) -> Client:
    client = Client.objects.select_for_update().filter(id=client_id).first() if open_service(client_id) else None
    if client is None:
        raise NotVisible(_("There is no such service."))
    return client


def _new_secret(client: Client) -> str:
    secret = secrets.token_urlsafe(SECRET_BYTES)
    client.secret = RandomSecretHasher().encode(secret, "")
    return secret


def _view(row: RelyingService, client: Client) -> ServiceView:
    written = {value: kind.value for kind, value in rules.GRANT_TYPES.items()}
    return ServiceView(
        client_id=row.client_id,
        name=row.name,
        teams=tuple(row.teams),
        redirect_uris=tuple(client.get_redirect_uris()),
        after_logout_uris=tuple(client.get_post_logout_redirect_uris()),
        grants=tuple(written.get(name, name) for name in client.get_grant_types()),
        logout_uri=row.logout_uri,
        public=client.type == Client.Type.PUBLIC,
        created_at=row.created_at,
        closed_at=row.closed_at,
        signed_in=row.signed_in,  # type: ignore[attr-defined]
        untold=row.untold,  # type: ignore[attr-defined]
        last_used_at=row.last_used_at,  # type: ignore[attr-defined]
    )
