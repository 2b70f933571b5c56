"""People and services, what they were granted, how they come in, and which services rely on their sign-in.

Nothing is deleted: a grant ends, a person is made inactive, a link is used or expires, a token is revoked. No secret is
kept: of links and tokens only a SHA-256, of passwords what django hashes.
"""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from pehra.access.rules.roles import Role


class Person(AbstractBaseUser):
    """Somebody who signs in, or a service account that holds tokens. Personal data: name, e-mail address, language."""

    # Django's own column is written by a signal at every sign-in; ours is an entry in the ledger.
    last_login = None

    id = models.UUIDField(primary_key=True)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    name_local = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(max_length=8, default="en")
    active = models.BooleanField(default=True)
    service = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(name="access_person_email_is_lower", condition=Q(email=Lower("email"))),
        ]

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Whether this person may sign in, under the name Django asks for it."""
        return self.active


class KnownScope(models.Model):
    """A team or an organisation that a role can be held in, as the registry told it, with who stands above it.

    The registry lies above this part and tells it (`learn_scopes`) in the transaction that changes a team or an
    organisation. `parent` is a team's own parent, or the team that leads an organisation; `teams` are all teams that
    may see an organisation.
    """

    kind = models.CharField(max_length=20)
    code = models.CharField(max_length=60)
    parent = models.CharField(max_length=60, blank=True, default="", db_index=True)
    teams = ArrayField(models.CharField(max_length=60), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(name="access_scope_is_one", fields=["kind", "code"])]


class Grant(models.Model):
    """A role given to a person, in one scope, for a time, with a reason. Personal data: who was given what.

    `how` says by which road it came: given, broken glass, or a directory. `review_due_at` is when a lead must say
    again that it is right; `reviewed_at` when one last did.
    """

    id = models.UUIDField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=40, choices=[(role.value, role.value) for role in Role])
    team = models.CharField(max_length=60, blank=True, default="")
    guided = models.BooleanField(default=False)
    organisation = models.CharField(max_length=60, blank=True, default="")
    national = models.BooleanField(default=False)
    council = models.BooleanField(default=False)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500)
    granted_by = models.CharField(max_length=100)
    how = models.CharField(max_length=20, default="given")
    review_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    end_recorded = models.BooleanField(default=False)

    class Meta:
        ordering = ["valid_from", "id"]
        indexes = [
            models.Index(name="access_grant_of_team", fields=["team"], condition=~Q(team="")),
            models.Index(name="access_grant_of_org", fields=["organisation"], condition=~Q(organisation="")),
            models.Index(name="access_grant_glass", fields=["valid_until"], condition=Q(how="glass")),
            models.Index(name="access_grant_end", fields=["valid_until"], condition=Q(end_recorded=False)),
        ]
        constraints = [
            models.CheckConstraint(
                name="access_grant_has_one_scope",
                condition=(
                    (~Q(team="") & Q(organisation="", national=False, council=False))
                    | (Q(team="", national=False, council=False, guided=False) & ~Q(organisation=""))
                    | Q(team="", organisation="", national=True, council=False, guided=False)
                    | Q(team="", organisation="", national=False, council=True, guided=False)
                ),
            ),
            models.CheckConstraint(
                name="access_grant_ends_after_it_starts",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(name="access_grant_says_why", condition=~Q(reason="")),
        ]


class PendingAct(models.Model):
    """An act that needs a second person: asked for by one, decided by another. Personal data: who asked, who decided.

    `act` is `grant`, `recovery` or `email-change`; `facts` is all that is needed to do it once it is agreed to.
    """

    id = models.UUIDField(primary_key=True)
    act = models.CharField(max_length=20)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="pending")
    facts = models.JSONField()
    reason = models.CharField(max_length=500)
    asked_by = models.CharField(max_length=100)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=100, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    agreed = models.BooleanField(null=True)

    class Meta:
        ordering = ["asked_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="access_pending_needs_two",
                condition=Q(agreed__isnull=True) | Q(agreed=False) | ~Q(asked_by=F("decided_by")),
            ),
        ]


class BrokenGlass(models.Model):
    """A role somebody took in an emergency, without asking. Personal data: who, when, why, what a lead said later."""

    grant = models.OneToOneField(Grant, primary_key=True, on_delete=models.PROTECT, related_name="glass")
    broken_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.CharField(max_length=100, blank=True, default="")
    verdict = models.CharField(max_length=20, blank=True, default="")
    note = models.CharField(max_length=1000, blank=True, default="")


class ApiToken(models.Model):
    """A token by which a program acts for its holder: only its SHA-256 is kept. Personal data: whose it is.

    It carries the named permissions and no more than its holder has at the moment of use.
    """

    id = models.UUIDField(primary_key=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    holder = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    permissions = ArrayField(models.CharField(max_length=60))
    created_by = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(name="access_token_expires", condition=Q(expires_at__gt=F("created_at"))),
        ]


class KeptAnswer(models.Model):
    """What a program was answered to a write under its `Idempotency-Key`, for a day. Personal data: whose it was.

    Two digests and no key: what was asked, with which rights, and under which key. A claim has no answer until the act
    of its own transaction is done.
    """

    id = models.UUIDField(primary_key=True)
    holder = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="kept_answers")
    key_sha256 = models.CharField(max_length=64)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.BinaryField(default=b"")
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="access_kept_answer_is_one", fields=["holder", "key_sha256"])]


class OneTimeLink(models.Model):
    """A sign-in link: only the SHA-256 of its token is kept. Personal data: whom it lets in, and when it was used."""

    token_sha256 = models.CharField(primary_key=True, max_length=64)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="links")
    recovery = models.BooleanField(default=False)
    issued_by = models.CharField(max_length=100, blank=True, default="")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="access_link_expires", condition=Q(expires_at__gt=F("issued_at"))),
        ]


class FailedAttempt(models.Model):
    """A link that was tried and let nobody in, kept for the length of the rate limit's window.

    Personal data: a keyed hash of the network address it came from, never the address.
    """

    id = models.UUIDField(primary_key=True)
    source = models.CharField(max_length=64, db_index=True)
    at = models.DateTimeField(db_index=True)


class RequestCount(models.Model):
    """How much one address or account sent in one minute or day; shared by all processes, forgotten when it is over.

    Personal data: a keyed hash of a network address or an account, never the address; `key` adds the window.
    """

    key = models.CharField(primary_key=True, max_length=80)
    count = models.PositiveIntegerField()
    until = models.DateTimeField(db_index=True)


class RelyingService(models.Model):
    """A service that trusts our sign-in: an OpenID client, what it may know, and where it is told that a session ended.

    `client_id` is the id of allauth's client. Whoever holds no role in one of `teams` may not sign in there; no team
    means every person may.
    """

    client_id = models.CharField(primary_key=True, max_length=100)
    name = models.CharField(max_length=100)
    teams = ArrayField(models.CharField(max_length=60), default=list)
    logout_uri = models.URLField(blank=True, default="")
    created_by = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)


class ServiceUse(models.Model):
    """That a person signed in to a relying service, from which session. Personal data: who used which service when.

    `sid` is the session's name in ID and logout tokens: never the session's key. Once it has ended the service is told
    so: `try_at` says when next, `told_at` when it took it, `problem` why it did not.
    """

    id = models.UUIDField(primary_key=True)
    service = models.ForeignKey(RelyingService, on_delete=models.PROTECT, related_name="uses")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="services_used")
    sid = models.CharField(max_length=64, db_index=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    try_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-last_at", "id"]
        indexes = [
            models.Index(name="access_use_to_tell", fields=["try_at"], condition=Q(try_at__isnull=False)),
            models.Index(name="access_use_open", fields=["person"], condition=Q(ended_at__isnull=True)),
        ]
        constraints = [
            models.UniqueConstraint(name="access_service_use_is_one", fields=["service", "person", "sid"]),
        ]


class DirectoryEntry(models.Model):
    """What the directory of an organisation or a team calls a person. Personal data: its user name, id and attributes.

    The entry is the directory's, the person is not: its id is all that the directory is told. `deleted_at` is set when
    the directory removed it: the person stays, for the acts they did. `made_person` says that nobody knew the person
    before; `closed_account` that the account is closed because this directory ended the last that it held, so that a
    directory may open it again, and no directory what people closed.
    """

    id = models.UUIDField(primary_key=True)
    organisation = models.CharField(max_length=60, blank=True, default="")
    team = models.CharField(max_length=60, blank=True, default="")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="directories")
    user_name = models.CharField(max_length=254)
    user_name_same = models.CharField(max_length=300, default="")
    external_id = models.CharField(max_length=254, blank=True, default="")
    active = models.BooleanField(null=True, default=True)
    attributes = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    made_person = models.BooleanField(default=False)
    closed_account = models.BooleanField(default=False)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="access_directory_has_one_scope",
                condition=(~Q(organisation="") & Q(team="")) | (Q(organisation="") & ~Q(team="")),
            ),
            models.UniqueConstraint(
                name="access_directory_person_is_one",
                fields=["organisation", "team", "person"],
                condition=Q(deleted_at__isnull=True),
            ),
            models.UniqueConstraint(
                name="access_directory_user_name_is_one",
                fields=["organisation", "team", "user_name_same"],
                condition=Q(deleted_at__isnull=True),
            ),
        ]


class DirectoryGroup(models.Model):
    """A group of a directory: its members hold `role` in its scope, or nothing where none is named.

    A `fixed` one is there for each role from the beginning; the others are the directory's own.
    """

    id = models.UUIDField(primary_key=True)
    organisation = models.CharField(max_length=60, blank=True, default="")
    team = models.CharField(max_length=60, blank=True, default="")
    display_name = models.CharField(max_length=254)
    display_name_same = models.CharField(max_length=300)
    external_id = models.CharField(max_length=254, blank=True, default="")
    role = models.CharField(max_length=40, blank=True, default="")
    fixed = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="access_directory_group_has_one_scope",
                condition=(~Q(organisation="") & Q(team="")) | (Q(organisation="") & ~Q(team="")),
            ),
            models.UniqueConstraint(
                name="access_directory_group_name_is_one",
                fields=["organisation", "team", "display_name_same"],
            ),
        ]


class DirectoryMember(models.Model):
    """That an entry is in a group of the same directory. Personal data: who is in which group."""

    group = models.ForeignKey(DirectoryGroup, on_delete=models.CASCADE, related_name="members")
    entry = models.ForeignKey(DirectoryEntry, on_delete=models.PROTECT, related_name="memberships")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(name="access_directory_member_is_one", fields=["group", "entry"])]
