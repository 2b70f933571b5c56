"""The door of `access`: people, roles, sign-in by one-time link, and the one answer to "may they?".

Refuses by default: an actor without a valid grant sees nothing and may do nothing. One file a subject; other parts
import from here only.
"""

from pehra.access.api.answers import claim_answer, forget_answers, keep_answer
from pehra.access.api.asking import PendingView, ask_for_grant, decide, pending
from pehra.access.api.deciding import actor_for, may, narrowed, require
from pehra.access.api.glass import GlassView, active_glasses, break_glass, glasses, review_glass, teams_to_break
from pehra.access.api.granting import NeedsSecondPerson, grant, policy, revoke
from pehra.access.api.links import (
    FAILED_ATTEMPTS_MAX,
    FAILED_ATTEMPTS_WINDOW,
    LINK_VALID_MAX,
    issue_link,
    redeem_link,
    sign_out,
)
from pehra.access.api.people import (
    add_person,
    add_service_account,
    close_person,
    find_people,
    names,
    open_person,
    people,
    person,
    person_by_email,
)
from pehra.access.api.reasons import Decision, why
from pehra.access.api.reviewing import ReviewView, Swept, change_grant, due_for_review, review, sweep
from pehra.access.api.roles import Opening, RoleView, codes_to_give_in, roles, what_it_opens
from pehra.access.api.scopes import (
    KnownOrganisation,
    KnownTeam,
    learn_scopes,
    require_known_organisation,
    require_known_team,
)
from pehra.access.api.second_wall import (
    at_the_door,
    bound,
    elevated,
    lay_second_wall,
    second_wall_flaws,
    second_wall_slows,
)
from pehra.access.api.tokens import (
    BAD_TOKENS_WINDOW,
    TokenView,
    actor_for_token,
    issue_token,
    note_bad_token,
    revoke_token,
    token_permissions,
    token_valid_max,
    tokens,
)
from pehra.access.queries import GrantView, PeopleFilters, PersonView
from pehra.access.requests import Request, source_of
from pehra.access.rules.roles import Permission, Role

__all__ = [
    "BAD_TOKENS_WINDOW",
    "FAILED_ATTEMPTS_MAX",
    "FAILED_ATTEMPTS_WINDOW",
    "LINK_VALID_MAX",
    "Decision",
    "GlassView",
    "GrantView",
    "KnownOrganisation",
    "KnownTeam",
    "NeedsSecondPerson",
    "Opening",
    "PendingView",
    "PeopleFilters",
    "Permission",
    "PersonView",
    "Request",
    "ReviewView",
    "Role",
    "RoleView",
    "Swept",
    "TokenView",
    "active_glasses",
    "actor_for",
    "actor_for_token",
    "add_person",
    "add_service_account",
    "ask_for_grant",
    "at_the_door",
    "bound",
    "break_glass",
    "change_grant",
    "claim_answer",
    "close_person",
    "codes_to_give_in",
    "decide",
    "due_for_review",
    "elevated",
    "find_people",
    "forget_answers",
    "glasses",
    "grant",
    "issue_link",
    "issue_token",
    "keep_answer",
    "lay_second_wall",
    "learn_scopes",
    "may",
    "names",
    "narrowed",
    "note_bad_token",
    "open_person",
    "pending",
    "people",
    "person",
    "person_by_email",
    "policy",
    "redeem_link",
    "require",
    "require_known_organisation",
    "require_known_team",
    "review",
    "review_glass",
    "revoke",
    "revoke_token",
    "roles",
    "second_wall_flaws",
    "second_wall_slows",
    "sign_out",
    "source_of",
    "sweep",
    "teams_to_break",
    "token_permissions",
    "token_valid_max",
    "tokens",
    "what_it_opens",
    "why",
]
