"""People, what they were granted, and their one-time sign-in links.

There is no password here and nothing is deleted: a grant ends, a person is made inactive, a link is used or expires.
"""

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from pehra.access.rules.roles import Role


class Person(AbstractBaseUser):
    """Somebody who signs in. Personal data: name, e-mail address, language."""

    # Django's own column is written by a signal at every sign-in; ours is an entry in the ledger.
    last_login = None

    id = models.UUIDField(primary_key=True)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    name_local = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(max_length=8, default="en")
    active = models.BooleanField(default=True)
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


class Grant(models.Model):
    """A role given to a person, in one scope, for a time, with a reason. Personal data: who was given what."""

    id = models.UUIDField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=40, choices=[(role.value, role.value) for role in Role])
    team = models.CharField(max_length=60, blank=True, default="")
    organisation = models.CharField(max_length=60, blank=True, default="")
    national = models.BooleanField(default=False)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500)
    granted_by = models.CharField(max_length=100)

    class Meta:
        ordering = ["valid_from", "id"]
        constraints = [
            models.CheckConstraint(
                name="access_grant_has_one_scope",
                condition=(
                    (~Q(team="") & Q(organisation="", national=False))
                    | (Q(team="", national=False) & ~Q(organisation=""))
                    | Q(team="", organisation="", national=True)
                ),
            ),
            models.CheckConstraint(
                name="access_grant_ends_after_it_starts",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(name="access_grant_says_why", condition=~Q(reason="")),
        ]


class OneTimeLink(models.Model):
    """A sign-in link: only the SHA-256 of its token is kept. Personal data: whom it lets in, and when it was used."""

    token_sha256 = models.CharField(primary_key=True, max_length=64)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="links")
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
