"""The door of `access`: people, roles, sign-in by one-time link, and the one answer to "may they?".

Refuses by default: an actor without a valid grant sees nothing and may do nothing. One file a subject; other parts
import from here only.
"""

from typing import TYPE_CHECKING

from pehra.access.api.answers import claim_answer, forget_answers, keep_answer
from pehra.access.api.asking import PendingView, ask_for_grant, decide, pending, require_second
from pehra.access.api.compromise import force_new_credential, is_password_of, people_at
from pehra.access.api.deciding import actor_for, may, narrowed, require
from pehra.access.api.glass import GlassView, active_glasses, break_glass, glasses, review_glass, teams_to_break
from pehra.access.api.granting import NeedsSecondPerson, grant, policy, revoke, within
from pehra.access.api.leading import Leadership, LoneLead, leadership
from pehra.access.api.limiting import DAY, count_requests, forget_requests, whose, window_of
from pehra.access.api.links import (
    FAILED_ATTEMPTS_MAX,
    FAILED_ATTEMPTS_WINDOW,
    LINK_VALID_MAX,
    issue_link,
    redeem_link,
)
from pehra.access.api.outward import outside_place, post_outside
from pehra.access.api.people import (
    add_person,
    add_service_account,
    close_person,
    colleagues,
    find_people,
    names,
    open_person,
    people,
    person,
    person_by_email,
)
from pehra.access.api.provider import claims_of, end_lost_uses, end_service_uses, tell_services
from pehra.access.api.providers import (
    Asking,
    ProviderView,
    ask_provider,
    link_provider,
    person_of_word,
    provider_flaws,
    providers,
    unlink_provider,
    word_of_provider,
)
from pehra.access.api.reasons import Decision, why
from pehra.access.api.recovery import (
    RECOVERY_VALID_DEFAULT,
    RECOVERY_VALID_MAX,
    Recovered,
    RecoveryView,
    ask_for_email_change,
    ask_for_recovery,
    change_email,
    recover,
    recovered_lately,
    recovery_of,
)
from pehra.access.api.reviewing import ReviewView, Swept, change_grant, due_for_review, review, sweep
from pehra.access.api.roles import Opening, RoleView, codes_to_give_in, roles, what_it_opens
from pehra.access.api.scopes import (
    KnownOrganisation,
    KnownTeam,
    learn_scopes,
    no_organisation,
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
from pehra.access.api.services import (
    NewService,
    ServiceView,
    add_service,
    close_service,
    relying_service,
    relying_services,
    rotate_service_secret,
)
from pehra.access.api.sessions import (
    SessionView,
    count_sessions,
    end_other_sessions,
    end_session,
    end_sessions,
    forget_sessions,
    note_credential_change,
    sessions,
)
from pehra.access.api.signing import issuer, jwks, rotate_keys, sign, signing_keys
from pehra.access.api.telling import Telling, tell_through
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
    tokens_may_carry,
)
from pehra.access.api.uses import UsedService, open_services, uses_of
from pehra.access.queries import GrantView, PeopleFilters, PersonView
from pehra.access.requests import Request, recently_authenticated, source_of
from pehra.access.rules.documents import read_object
from pehra.access.rules.providers import Word
from pehra.access.rules.roles import Permission, Role
from pehra.access.sessions.limits import is_through, what_comes_first
from pehra.access.sessions.limits import keep as keep_session

if TYPE_CHECKING:
    from pehra.access.api.directory import (
        Stale,
        Taken,
        TooMany,
        Unchangeable,
        add_user,
        directory_for,
        find_users,
        patch_user,
        remove_user,
        replace_user,
        user,
    )
    from pehra.access.api.directory_groups import (
        add_group,
        ensure_role_groups,
        find_groups,
        find_resources,
        group,
        patch_group,
        remove_group,
        replace_group,
    )
else:

    def __getattr__(name: str) -> object:
        """Load what speaks SCIM when it is asked for: to build its schemas would be half of each command's start."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from pehra.access.api import directory, directory_groups

        return getattr(directory if hasattr(directory, name) else directory_groups, name)


__all__ = [
    "BAD_TOKENS_WINDOW",
    "DAY",
    "FAILED_ATTEMPTS_MAX",
    "FAILED_ATTEMPTS_WINDOW",
    "LINK_VALID_MAX",
    "RECOVERY_VALID_DEFAULT",
    "RECOVERY_VALID_MAX",
    "Asking",
    "Decision",
    "GlassView",
    "GrantView",
    "KnownOrganisation",
    "KnownTeam",
    "Leadership",
    "LoneLead",
    "NeedsSecondPerson",
    "NewService",
    "Opening",
    "PendingView",
    "PeopleFilters",
    "Permission",
    "PersonView",
    "ProviderView",
    "Recovered",
    "RecoveryView",
    "Request",
    "ReviewView",
    "Role",
    "RoleView",
    "ServiceView",
    "SessionView",
    "Stale",
    "Swept",
    "Taken",
    "Telling",
    "TokenView",
    "TooMany",
    "Unchangeable",
    "UsedService",
    "Word",
    "active_glasses",
    "actor_for",
    "actor_for_token",
    "add_group",
    "add_person",
    "add_service",
    "add_service_account",
    "add_user",
    "ask_for_email_change",
    "ask_for_grant",
    "ask_for_recovery",
    "ask_provider",
    "at_the_door",
    "bound",
    "break_glass",
    "change_email",
    "change_grant",
    "claim_answer",
    "claims_of",
    "close_person",
    "close_service",
    "codes_to_give_in",
    "colleagues",
    "count_requests",
    "count_sessions",
    "decide",
    "directory_for",
    "due_for_review",
    "elevated",
    "end_lost_uses",
    "end_other_sessions",
    "end_service_uses",
    "end_session",
    "end_sessions",
    "ensure_role_groups",
    "find_groups",
    "find_people",
    "find_resources",
    "find_users",
    "force_new_credential",
    "forget_answers",
    "forget_requests",
    "forget_sessions",
    "glasses",
    "grant",
    "group",
    "is_password_of",
    "is_through",
    "issue_link",
    "issue_token",
    "issuer",
    "jwks",
    "keep_answer",
    "keep_session",
    "lay_second_wall",
    "leadership",
    "learn_scopes",
    "link_provider",
    "may",
    "names",
    "narrowed",
    "no_organisation",
    "note_bad_token",
    "note_credential_change",
    "open_person",
    "open_services",
    "outside_place",
    "patch_group",
    "patch_user",
    "pending",
    "people",
    "people_at",
    "person",
    "person_by_email",
    "person_of_word",
    "policy",
    "post_outside",
    "provider_flaws",
    "providers",
    "read_object",
    "recently_authenticated",
    "recover",
    "recovered_lately",
    "recovery_of",
    "redeem_link",
    "relying_service",
    "relying_services",
    "remove_group",
    "remove_user",
    "replace_group",
    "replace_user",
    "require",
    "require_known_organisation",
    "require_known_team",
    "require_second",
    "review",
    "review_glass",
    "revoke",
    "revoke_token",
    "roles",
    "rotate_keys",
    "rotate_service_secret",
    "second_wall_flaws",
    "second_wall_slows",
    "sessions",
    "sign",
    "signing_keys",
    "source_of",
    "sweep",
    "teams_to_break",
    "tell_services",
    "tell_through",
    "token_permissions",
    "token_valid_max",
    "tokens",
    "tokens_may_carry",
    "unlink_provider",
    "user",
    "uses_of",
    "what_comes_first",
    "what_it_opens",
    "whose",
    "why",
    "window_of",
    "within",
    "word_of_provider",
]
