"""The door of `access`: people, roles, sign-in by one-time link, and the one answer to "may they?".

Refuses by default: an actor without a valid grant sees nothing and may do nothing. One file a subject; other parts
import from here only.
"""

from pehra.access.api.deciding import actor_for, may, narrowed, require
from pehra.access.api.granting import NeedsSecondPerson, grant, revoke
from pehra.access.api.links import (
    FAILED_ATTEMPTS_MAX,
    FAILED_ATTEMPTS_WINDOW,
    LINK_VALID_MAX,
    issue_link,
    redeem_link,
    sign_out,
)
from pehra.access.api.people import add_person, close_person, names, people, person_by_email
from pehra.access.api.scopes import KnownOrganisation, KnownTeam, learn_scopes
from pehra.access.api.tokens import (
    TokenView,
    actor_for_token,
    issue_token,
    note_bad_token,
    revoke_token,
    token_permissions,
    token_valid_max,
    tokens,
)
from pehra.access.queries import GrantView, PersonView
from pehra.access.requests import Request
from pehra.access.rules.roles import Permission, Role

__all__ = [
    "FAILED_ATTEMPTS_MAX",
    "FAILED_ATTEMPTS_WINDOW",
    "LINK_VALID_MAX",
    "GrantView",
    "KnownOrganisation",
    "KnownTeam",
    "NeedsSecondPerson",
    "Permission",
    "PersonView",
    "Request",
    "Role",
    "TokenView",
    "actor_for",
    "actor_for_token",
    "add_person",
    "close_person",
    "grant",
    "issue_link",
    "issue_token",
    "learn_scopes",
    "may",
    "names",
    "narrowed",
    "note_bad_token",
    "people",
    "person_by_email",
    "redeem_link",
    "require",
    "revoke",
    "revoke_token",
    "sign_out",
    "token_permissions",
    "token_valid_max",
    "tokens",
]
