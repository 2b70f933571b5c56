"""Tables of who exists, what they hold and who answers for them.

Teams, sectors and territories come from the law's profile, the rest from import files. `lead_team`, `teams` and `roles`
of an organisation are what the law said when the registry last changed, kept so that the wall is one filter; they are
derived, and `api.refresh_responsibility` derives them again.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.registry.rules.assessing import UNFINISHED, AssessmentState, Reply, Verdict
from pehra.registry.rules.evidence import FILE_BYTES_MAX, NAME_CHARACTERS_MAX
from pehra.registry.rules.rows import CODE_LENGTH_MAX, NAME_LENGTH_MAX, VALUE_LENGTH_MAX
from pehra.registry.rules.vocabulary import AssetType, Relation


def _codes() -> "ArrayField[list[str], list[str]]":
    return ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list, blank=True)


def _in_order(name: str) -> models.CheckConstraint:
    """A validity that ends does not end before it starts."""
    return models.CheckConstraint(
        condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lte=F("valid_to")), name=name
    )


class Version(models.Model):
    """One row: how often the registry has changed. Locked by whoever changes it, read by whoever caches it."""

    number = models.BigIntegerField(default=0)
    token = models.UUIDField()  # new with every change, and never again
    profile = models.CharField(max_length=120, blank=True)  # name and version of the profile last loaded

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="registry_version_is_one_row")]


class Sector(models.Model):
    """A sector of the country, from the profile."""

    code = models.CharField(max_length=CODE_LENGTH_MAX, primary_key=True)
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    name_local = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    parent = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)


class Territory(models.Model):
    """A territory of the country, from the profile."""

    code = models.CharField(max_length=CODE_LENGTH_MAX, primary_key=True)
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    name_local = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)


class Team(models.Model):
    """A response team. `state` is the profile's: only an operating team acts, others through `fallback`."""

    code = models.CharField(max_length=CODE_LENGTH_MAX, primary_key=True)
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    name_local = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    types = _codes()
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    sectors = _codes()
    territories = _codes()
    state = models.CharField(max_length=40, default="operating")
    fallback = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            _in_order("registry_team_dates_in_order"),
            models.CheckConstraint(condition=~Q(code=F("parent")), name="registry_team_not_its_own_parent"),
        ]


class Designation(models.Model):
    """That a team or an organisation was named to something, by one instrument; several issuers are several rows."""

    code = models.CharField(max_length=CODE_LENGTH_MAX)
    subject = models.CharField(max_length=CODE_LENGTH_MAX)
    subject_kind = models.CharField(max_length=40)
    role = models.CharField(max_length=CODE_LENGTH_MAX)
    instrument = models.CharField(max_length=CODE_LENGTH_MAX)
    title = models.TextField(blank=True)
    issuer = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    number = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    issued = models.DateField(null=True, blank=True)
    citation = models.TextField()
    status = models.CharField(max_length=20)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "instrument", "valid_from"],
                nulls_distinct=False,
                name="registry_designation_said_once",
            ),
            _in_order("registry_designation_dates_in_order"),
        ]


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    """Organisations, read through the wall."""

    def visible_to(self, actor: Actor) -> "OrganisationQuerySet":
        """Only those the actor answers for by law, and its own."""
        if actor.is_system:
            return self
        return self.filter(Q(teams__overlap=sorted(actor.teams)) | Q(code__in=sorted(actor.organisations)))


class Organisation(models.Model):
    """A constituent. Empty `sector` or `territory` and null `classes` mean unknown, which is not none."""

    code = models.CharField(max_length=CODE_LENGTH_MAX, primary_key=True)
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    name_local = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    sector = models.ForeignKey(Sector, models.PROTECT, null=True, blank=True, related_name="organisations")
    territory = models.ForeignKey(Territory, models.PROTECT, null=True, blank=True, related_name="organisations")
    classes: "ArrayField[list[str] | None, list[str] | None]" = ArrayField(
        models.CharField(max_length=CODE_LENGTH_MAX), null=True, blank=True
    )
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    lead_team = models.CharField(max_length=CODE_LENGTH_MAX, blank=True, db_index=True)
    teams = _codes()
    roles = models.JSONField(default=list)  # [{"team", "role", "because"}], as the law said them

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        indexes = [
            GinIndex(fields=["teams"], name="registry_organisation_teams"),
            models.Index(fields=["name", "code"], name="registry_organisation_by_name"),
        ]
        constraints = [
            _in_order("registry_organisation_in_order"),
            models.CheckConstraint(condition=~Q(code=F("parent")), name="registry_organisation_not_own"),
            models.CheckConstraint(
                condition=Q(lead_team="") | Q(teams__contains=[F("lead_team")]), name="registry_organisation_lead_sees"
            ),
        ]


class Contact(models.Model):
    """Whom to tell at an organisation or a team.

    Personal data: name, e-mail, telephone, language and hours of a person or a role mailbox; needed to warn them, kept
    while they are the contact, replaced by the next import of their line.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, blank=True, related_name="contacts")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="contacts")
    role = models.CharField(max_length=CODE_LENGTH_MAX)
    name = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    email = models.CharField(max_length=254)
    phone = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=35, blank=True)
    hours = models.CharField(max_length=120, blank=True)
    key = models.TextField(blank=True)  # OpenPGP fingerprint or armoured key

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(organisation__isnull=True) ^ Q(team__isnull=True), name="registry_contact_of_one"
            ),
            models.UniqueConstraint(
                fields=["organisation", "team", "role", "email"], nulls_distinct=False, name="registry_contact_once"
            ),
        ]


class Asset(models.Model):
    """Something held by an organisation between two days; no organisation: the country's own, holder not known.

    One value may pass from holder to holder. That no two organisations hold it at one time is checked by the import
    under the registry's lock; what an index can hold of it, the database holds: one holder without an end.
    """

    type = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in AssetType])
    value = models.CharField(max_length=VALUE_LENGTH_MAX)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="assets", db_index=True
    )
    relation = models.CharField(  # empty: not known
        max_length=10, blank=True, choices=[(relation.value, relation.value) for relation in Relation]
    )
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            _in_order("registry_asset_dates_in_order"),
            models.CheckConstraint(
                condition=Q(type__in=[kind.value for kind in AssetType]), name="registry_asset_type_known"
            ),
            models.CheckConstraint(
                condition=Q(relation__in=["", *(relation.value for relation in Relation)]),
                name="registry_asset_relation_known",
            ),
            models.UniqueConstraint(
                fields=["type", "value", "organisation", "valid_from"],
                nulls_distinct=False,
                name="registry_asset_once",
            ),
            models.UniqueConstraint(
                fields=["type", "value"],
                condition=Q(organisation__isnull=False, valid_to__isnull=True) & ~Q(type=AssetType.PRODUCT.value),
                name="registry_asset_one_holder",
            ),
        ]


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    """Assessments, read through the wall."""

    def visible_to(self, actor: Actor) -> "AssessmentQuerySet":
        """Only those of organisations the actor sees; what is for their own eyes (TLP:RED) the lead team's alone."""
        if actor.is_system:
            return self
        teams = sorted(actor.teams)
        seen = Q(organisation__teams__overlap=teams) & (~Q(tlp=Tlp.RED) | Q(organisation__lead_team__in=teams))
        return self.filter(seen | Q(organisation__in=sorted(actor.organisations)))


class Assessment(models.Model):
    """An organisation's assessment of itself against a control set as it stood on `controls_on`.

    `percent` and `gaps` are what the answers come to, kept so that a list is one query; every change writes them anew.
    """

    id = models.UUIDField(primary_key=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="assessments")
    control_set = models.CharField(max_length=CODE_LENGTH_MAX)
    version = models.CharField(max_length=CODE_LENGTH_MAX)
    controls_on = models.DateField()
    tlp = models.CharField(max_length=20)
    state = models.CharField(max_length=12, default=AssessmentState.DRAFT.value)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=64)
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.CharField(max_length=64, blank=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.CharField(max_length=64, blank=True)
    review_note = models.TextField(blank=True)
    percent = models.PositiveSmallIntegerField(null=True)
    gaps = models.PositiveSmallIntegerField(default=0)
    answered = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveSmallIntegerField()

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organisation", "-opened_at"], name="registry_assessment_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(state__in=sorted(state.value for state in UNFINISHED)),
                name="registry_assessment_one_unfinished",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in AssessmentState]), name="registry_assessment_state"
            ),
            models.CheckConstraint(
                condition=~Q(state=AssessmentState.REVIEWED.value) | Q(reviewed_at__isnull=False),
                name="registry_assessment_review_said",
            ),
        ]


class AssessmentAnswer(models.Model):
    """One control of an assessment, with the weight it had when it was asked, what was said, and what was judged."""

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="answers")
    position = models.PositiveSmallIntegerField()
    control = models.CharField(max_length=CODE_LENGTH_MAX)
    theme = models.CharField(max_length=CODE_LENGTH_MAX)
    weight = models.PositiveSmallIntegerField()
    critical = models.BooleanField()
    reply = models.CharField(max_length=16, blank=True)  # empty: not answered yet
    note = models.TextField(blank=True)
    reference = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=0)  # grows with each change: who saw an older one is told
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=64, blank=True)
    verdict = models.CharField(max_length=10, blank=True)
    verdict_note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "control"], name="registry_answer_once"),
            models.CheckConstraint(
                condition=Q(reply__in=["", *(reply.value for reply in Reply)]), name="registry_answer_reply"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["", *(verdict.value for verdict in Verdict)]), name="registry_answer_verdict"
            ),
        ]


class Evidence(models.Model):
    """A file beside an answer, in the database as letters' attachments are: no web server ever serves it by itself.

    Personal data: whatever the organisation put into it. Taking one away empties it; its name and hash stay.
    """

    id = models.UUIDField(primary_key=True)
    answer = models.ForeignKey(AssessmentAnswer, models.PROTECT, related_name="evidence")
    name = models.CharField(max_length=NAME_CHARACTERS_MAX)
    media_type = models.CharField(max_length=40)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=64)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(size__lte=FILE_BYTES_MAX), name="registry_evidence_size"),
        ]
