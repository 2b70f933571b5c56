"""Tables of a person's desk. Personal data: which person saved what, and where they looked within the last minute."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from pehra.desk.rules.people import person_of
from pehra.desk.rules.views import NAME_CHARACTERS_MAX, PLACE_CHARACTERS_MAX, QUERY_CHARACTERS_MAX
from pehra.kernel.actors import Actor

CODE_LENGTH_MAX = 64


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Saved views, read through the wall."""

    def visible_to(self, actor: Actor) -> "SavedViewQuerySet":
        """Return the actor's own, and those shared with one of their teams."""
        return self.filter(Q(person_id=person_of(actor)) | Q(team__in=sorted(actor.teams)))


class SavedView(models.Model):
    """A list's filter under a name; `team` is empty for one that its person keeps to themselves."""

    id = models.UUIDField(primary_key=True)
    person_id = models.UUIDField()
    place = models.CharField(max_length=PLACE_CHARACTERS_MAX)
    name = models.CharField(max_length=NAME_CHARACTERS_MAX)
    query = models.CharField(max_length=QUERY_CHARACTERS_MAX)
    team = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    saved_at = models.DateTimeField()

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "place", "name"], name="desk_view_once")]
        indexes = [models.Index(fields=["team", "place"], condition=~Q(team=""), name="desk_view_of_team")]

    def __str__(self) -> str:
        return self.name


class PresenceQuerySet(models.QuerySet["Presence"]):
    """Who looks where, read through the wall."""

    def visible_to(self, actor: Actor) -> "PresenceQuerySet":
        """Return those at matters of the actor's teams, and the actor."""
        return self.filter(Q(person_id=person_of(actor)) | Q(teams__overlap=sorted(actor.teams)))


class Presence(models.Model):
    """Somebody looked at a place; `teams` are those that may see it."""

    person_id = models.UUIDField()
    place = models.CharField(max_length=PLACE_CHARACTERS_MAX)
    teams: "ArrayField[list[str], list[str]]" = ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)
    seen_at = models.DateTimeField(db_index=True)

    objects = PresenceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "place"], name="desk_presence_once")]
        indexes = [
            GinIndex(fields=["teams"], name="desk_presence_teams"),
            models.Index(fields=["place"], name="desk_place"),
        ]

    def __str__(self) -> str:
        return self.place
