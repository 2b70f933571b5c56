"""The second wall as a table: which rows of which table the database itself shows to whom.

The first wall is `visible_to`: every list writes its filter. The second is PostgreSQL's row-level security, for the day
a list forgets it. Pure data here: a table, by what its rows are somebody's, and whether a row may be added for others.
`gateways.second_wall` writes it as SQL. A table with a column of a team, an organisation or a person that stands
neither here nor among the exceptions fails a test.
"""

from dataclasses import dataclass
from enum import StrEnum

WEB = "pehra_web"  # logs in, owns nothing, sees what the request's actor may see
SYSTEM = "pehra_system"  # Pehra itself for a moment, or a worker: sees every row, and is no owner either


@dataclass(frozen=True, kw_only=True)
class Teams:
    """A list of team codes: one of the actor's is among them."""

    column: str = "teams"


@dataclass(frozen=True, kw_only=True)
class Team:
    """One team's code, which is one of the actor's. `within` names the key of a JSON column."""

    column: str
    within: str = ""


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """One organisation's code, which is the actor's own. `within` names the key of a JSON column."""

    column: str = "organisation"
    within: str = ""


@dataclass(frozen=True, kw_only=True)
class Person:
    """The id of somebody who is the actor."""

    column: str = "person_id"


@dataclass(frozen=True, kw_only=True)
class People:
    """No column: open while people are looked after (sign-in, and those who read about access for the whole nation)."""


@dataclass(frozen=True, kw_only=True)
class Through:
    """A row of another table that the actor sees (that table's own wall decides) names this one, or is named by it."""

    column: str
    table: str
    key: str = "id"


@dataclass(frozen=True, kw_only=True)
class LedBy:
    """A row of another table whose lead is one of the actor's teams: the lead reads all sides of it."""

    column: str
    table: str
    key: str = "id"
    lead: str = "lead_team"


@dataclass(frozen=True, kw_only=True)
class TeamsOf:
    """A row of another table that is one of the actor's teams', by its list of teams: not its organisation's."""

    column: str
    table: str
    key: str = "id"
    teams: str = "teams"


@dataclass(frozen=True, kw_only=True)
class Open:
    """Rows that are nobody's: a column has this value, or is null."""

    column: str
    value: str | None = None


Condition = Teams | Team | Organisation | Person | People | Through | LedBy | TeamsOf | Open


class Adding(StrEnum):
    """Which rows may be added: only those one sees, or any, because the act concerns others."""

    SEEN = "seen"
    ANY = "any"


@dataclass(frozen=True, kw_only=True)
class Wall:
    """One table's wall: a row is seen when one of the conditions holds. None: only Pehra itself sees it."""

    table: str
    seen: tuple[Condition, ...]
    adding: Adding = Adding.SEEN


_CONSTITUENCY = (Teams(), Organisation())
_WORK = TeamsOf(column="incident_id", table="incidents_incident")
_OWN = (Person(column="user_id"), People())

WALLS: tuple[Wall, ...] = (
    # An act by a person is written down for all whom it concerns, and a letter goes to whoever must be told.
    Wall(table="ledger_entry", seen=(Teams(),), adding=Adding.ANY),
    Wall(table="outbox_message", seen=_CONSTITUENCY, adding=Adding.ANY),
    Wall(table="outbox_attachment", seen=(Through(column="message_id", table="outbox_message"),), adding=Adding.ANY),
    Wall(table="threads_thread", seen=_CONSTITUENCY),
    Wall(table="threads_letter", seen=(Through(column="thread_id", table="threads_thread", key="number"),)),
    Wall(table="threads_reply", seen=(Through(column="thread_id", table="threads_thread", key="number"),)),
    Wall(table="threads_answer", seen=(Through(column="letter_id", table="threads_letter", key="number"),)),
    Wall(table="registry_organisation", seen=(Teams(), Organisation(column="code"))),
    Wall(
        table="registry_contact",
        seen=(
            Through(column="organisation_id", table="registry_organisation", key="code"),
            Open(column="organisation_id"),
        ),
    ),
    Wall(
        table="registry_asset",
        seen=(Through(column="organisation_id", table="registry_organisation", key="code"),),
    ),
    Wall(
        table="registry_assessment",
        seen=(Through(column="organisation_id", table="registry_organisation", key="code"),),
    ),
    Wall(table="registry_assessmentanswer", seen=(Through(column="assessment_id", table="registry_assessment"),)),
    Wall(table="registry_evidence", seen=(Through(column="answer_id", table="registry_assessmentanswer"),)),
    Wall(table="findings_finding", seen=_CONSTITUENCY),
    Wall(table="findings_notice", seen=_CONSTITUENCY),
    Wall(table="findings_manychange", seen=(Teams(), Person(column="changed_by"))),
    Wall(table="findings_tally", seen=(Teams(),)),
    Wall(
        table="findings_correspondence",
        seen=(Organisation(), Through(column="organisation", table="registry_organisation", key="code")),
    ),
    Wall(table="incidents_incident", seen=_CONSTITUENCY),
    Wall(table="incidents_clock", seen=_CONSTITUENCY),
    Wall(
        table="incidents_incidentorganisation",
        seen=(*_CONSTITUENCY, LedBy(column="incident_id", table="incidents_incident")),
    ),
    Wall(table="incidents_incidentfinding", seen=(Through(column="incident_id", table="incidents_incident"),)),
    Wall(
        table="incidents_merge",
        seen=(
            Through(column="incident_id", table="incidents_incident"),
            Through(column="into_id", table="incidents_incident"),
        ),
    ),
    Wall(table="incidents_incidentlink", seen=(Through(column="incident_id", table="incidents_incident"),)),
    Wall(table="incidents_incidentobservable", seen=(_WORK,)),
    # Of the teams that read the report, and of no other team of its incident.
    Wall(table="incidents_incidentnews", seen=(Teams(),)),
    Wall(table="incidents_incidentasset", seen=(_WORK,)),
    Wall(table="incidents_evidence", seen=(Through(column="incident_id", table="incidents_incident"),)),
    Wall(table="incidents_custodyentry", seen=(Through(column="evidence_id", table="incidents_evidence"),)),
    Wall(table="incidents_evidencestamp", seen=(Through(column="evidence_id", table="incidents_evidence"),)),
    Wall(table="incidents_evidencehold", seen=(Through(column="evidence_id", table="incidents_evidence"),)),
    Wall(table="incidents_evidencedisposal", seen=(Through(column="evidence_id", table="incidents_evidence"),)),
    # What somebody reported about an organisation is not that organisation's to read: only what it reported itself.
    Wall(table="intake_organisationdraft", seen=(Organisation(),)),
    Wall(table="intake_report", seen=(Teams(), Organisation(column="reporter_organisation"))),
    Wall(table="intake_submission", seen=(Through(column="report_id", table="intake_report"),)),
    Wall(table="intake_reportfile", seen=(Through(column="report_id", table="intake_report"),)),
    Wall(table="intake_reportobservable", seen=(Through(column="report_id", table="intake_report"),)),
    Wall(table="intake_triageact", seen=(Teams(),)),
    Wall(table="intake_triagechange", seen=(Through(column="act_id", table="intake_triageact"),)),
    Wall(table="intake_webhook", seen=(Team(column="team"),)),
    # A mail is its mailbox's team's; what it became has a wall of its own.
    Wall(table="intake_mail", seen=(Teams(),)),
    Wall(table="intake_mailfeed", seen=(Through(column="mail_id", table="intake_mail"),)),
    Wall(table="intake_mailboxstand", seen=(Team(column="team"),)),
    # The work on an incident is its teams'; its organisation is asked for consent, and sees in which phase it stands.
    Wall(table="incidents_incidentphase", seen=(Through(column="incident_id", table="incidents_incident"),)),
    Wall(table="incidents_playbook", seen=(Teams(), Open(column="reach", value="everybody"))),
    Wall(table="incidents_playbookrun", seen=(_WORK,)),
    Wall(table="incidents_task", seen=(_WORK,)),
    Wall(table="incidents_note", seen=(Teams(), TeamsOf(column="audience_id", table="incidents_incident"))),
    Wall(table="incidents_noteversion", seen=(Through(column="note_id", table="incidents_note"),)),
    Wall(table="incidents_timelineentry", seen=(_WORK,)),
    Wall(table="incidents_lesson", seen=(_WORK,)),
    Wall(
        table="incidents_consent",
        seen=(*_CONSTITUENCY, LedBy(column="incident_id", table="incidents_incident")),
    ),
    Wall(table="incidents_unsavedtext", seen=(Person(),)),
    Wall(
        table="access_person",
        seen=(Person(column="id"), Through(column="id", table="access_grant", key="person_id"), People()),
    ),
    Wall(
        table="access_knownscope",
        seen=(Open(column="kind", value="team"), Teams(), Organisation(column="code"), People()),
    ),
    Wall(
        table="access_grant",
        seen=(
            Person(),
            Team(column="team"),
            Organisation(),
            Through(column="organisation", table="registry_organisation", key="code"),
            People(),
        ),
    ),
    Wall(table="access_brokenglass", seen=(Through(column="grant_id", table="access_grant"), People())),
    Wall(
        table="access_pendingact",
        seen=(
            Person(),
            Person(column="asked_by"),
            Team(column="facts", within="team"),
            Organisation(column="facts", within="organisation"),
            People(),
        ),
    ),
    Wall(
        table="access_apitoken",
        seen=(Person(column="holder_id"), Through(column="holder_id", table="access_person"), People()),
    ),
    Wall(table="access_keptanswer", seen=(Person(column="holder_id"),)),
    Wall(table="access_onetimelink", seen=(People(),)),
    Wall(table="access_serviceuse", seen=(Person(), People())),
    Wall(table="access_directoryentry", seen=(Person(), Organisation(), Team(column="team"), People())),
    Wall(table="access_directorygroup", seen=(Organisation(), Team(column="team"), People())),
    Wall(table="access_directorymember", seen=(Through(column="group_id", table="access_directorygroup"), People())),
    Wall(table="account_emailaddress", seen=_OWN),
    Wall(table="account_emailconfirmation", seen=(Through(column="email_address_id", table="account_emailaddress"),)),
    Wall(table="mfa_authenticator", seen=_OWN),
    Wall(table="usersessions_usersession", seen=_OWN),
    Wall(table="socialaccount_socialaccount", seen=_OWN),
    Wall(table="socialaccount_socialtoken", seen=(Through(column="account_id", table="socialaccount_socialaccount"),)),
    Wall(table="allauth_idp_oidc_token", seen=_OWN),
    # A receiver sees its own stream; whoever keeps people for the nation, all of them.
    Wall(table="signals_receiver", seen=(Person(column="account_id"), People())),
    Wall(
        table="signals_stream",
        seen=(Through(column="receiver_id", table="signals_receiver", key="client_id"),),
    ),
    Wall(table="signals_excludedperson", seen=(Through(column="stream_id", table="signals_stream"),)),
    Wall(table="signals_securityevent", seen=(Through(column="stream_id", table="signals_stream"),)),
    Wall(table="desk_savedview", seen=(Person(), Team(column="team"))),
    Wall(table="desk_presence", seen=(Person(), Teams())),
    Wall(table="signals_ledgerplace", seen=()),
    Wall(table="signals_leakedaccount", seen=(*_CONSTITUENCY, Person())),
    # Whoever handed a leak in sees that it was taken, and of its accounts only those of their own constituency.
    Wall(
        table="signals_leak",
        seen=(Person(column="received_by"), Through(column="id", table="signals_leakedaccount", key="leak_id")),
    ),
)

# Every other table: what keeps it from being somebody's.
EXCEPTIONS: dict[str, str] = {
    "access_failedattempt": "keyed hashes of addresses, counted before anybody is known",
    "access_relyingservice": "`teams` says whose people may sign in there; it is no team's row",
    "access_requestcount": "keyed hashes of addresses and accounts, counted before anybody is known",
    "allauth_idp_oidc_client": "`owner_id` is never set: a service belongs to the node",
    "auth_group": "Django's own; Pehra never fills it",
    "auth_group_permissions": "Django's own; Pehra never fills it",
    "auth_permission": "Django's own list of its tables",
    "django_cache": "counts of sign-in's limits, for minutes, under hashed keys",
    "django_content_type": "Django's own list of its tables",
    "django_migrations": "what was laid out when; read only",
    "django_session": "looked up by a key of 128 random bits before anybody is known; no page lists it",
    "findings_reason": "which rule of the law made somebody responsible, under a digest of it; names no asset",
    "findings_tallied": "when numbers were last counted",
    "incidents_referencecounter": "how many references a year has given out; references are in order for everybody",
    "intake_opendraft": "sealed under a key that only its writer's link carries; found by a digest of 256 bits",
    "intake_teamtold": "when a team was last told that reports wait; no matter of anybody",
    "intel_indicator": "shared by all who may read intelligence; its marking, not a team, says how far it goes",
    "intel_intelversion": "that something changed",
    "intel_sighting": "how often an indicator was seen in an input, without whose asset it was",
    "ledger_checkpoint": "published to the world",
    "ledger_leaf": "a hash and a place, which every proof shows to everybody",
    "ledger_subtree": "hashes that every proof shows to everybody",
    "ledger_waiting": "a number in order of arrival; the sequencer's queue",
    "procrastinate_events": "the worker's queue; the arguments of a job name rows and carry no text of them",
    "procrastinate_jobs": "the worker's queue; the arguments of a job name rows and carry no text of them",
    "procrastinate_periodic_defers": "the worker's clock",
    "procrastinate_workers": "which workers live",
    "registry_designation": "which body the law names for what: public",
    "registry_sector": "public",
    "registry_team": "a directory of teams, open to all who read the registry",
    "registry_territory": "public",
    "registry_version": "that something changed",
    "socialaccount_socialapp": "a service of sign-in, from the settings; never a row",
    "telemetry_lakefile": "a file of events by day, without its rows",
    "telemetry_lakeinput": "a file that was read and how many rows it had; a feed concerns the whole nation",
    "telemetry_laketext": "the first line of such a file",
}

# What stays, whoever acts: the right to DELETE is given to nobody but the tables' owner.
KEPT = frozenset(
    {
        "access_apitoken",
        "access_brokenglass",
        "access_grant",
        "access_pendingact",
        "access_person",
        "findings_manychange",
        "findings_notice",
        "incidents_clock",
        "incidents_consent",
        "incidents_evidence",
        "incidents_evidencedisposal",
        "incidents_evidencehold",
        "incidents_evidencestamp",
        "incidents_incident",
        "incidents_incidentasset",
        "incidents_incidentfinding",
        "incidents_incidentlink",
        "incidents_incidentnews",
        "incidents_incidentobservable",
        "incidents_incidentorganisation",
        "incidents_incidentphase",
        "incidents_lesson",
        "incidents_merge",
        "incidents_note",
        "incidents_noteversion",
        "incidents_playbook",
        "incidents_playbookrun",
        "incidents_task",
        "incidents_timelineentry",
        "intake_mail",
        "intake_mailfeed",
        "intake_report",
        "intake_reportfile",
        "intake_reportobservable",
        "intake_submission",
        "intake_triageact",
        "intake_triagechange",
        "intake_webhook",
        "outbox_attachment",
        "outbox_message",
        "registry_assessment",
        "registry_assessmentanswer",
        "registry_evidence",
        "signals_leak",
        "signals_leakedaccount",
        "threads_answer",
        "threads_letter",
        "threads_reply",
        "threads_thread",
    }
)
# What is added and read, and never changed or taken away by anybody.
APPENDED = frozenset({"incidents_custodyentry"})
# Laid out by the owner, read by all.
READ_ONLY = frozenset({"auth_permission", "django_content_type", "django_migrations"})
# The ledger grows by its own doors alone: an act adds its entry, the sequencer its place.
LEDGER: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "ledger_entry": (frozenset({"SELECT", "INSERT"}), frozenset({"SELECT", "INSERT"})),
    "ledger_waiting": (frozenset({"SELECT", "INSERT"}), frozenset({"SELECT", "INSERT", "DELETE"})),
    "ledger_leaf": (frozenset({"SELECT"}), frozenset({"SELECT", "INSERT"})),
    "ledger_subtree": (frozenset({"SELECT"}), frozenset({"SELECT", "INSERT"})),
    "ledger_checkpoint": (frozenset({"SELECT"}), frozenset({"SELECT", "INSERT"})),
}
_DML = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})


def rights(table: str, role: str) -> frozenset[str]:
    """Return what a role may do with a table: never more than rows, and of the ledger only what makes it grow."""
    if table in LEDGER:
        web, system = LEDGER[table]
        return system if role == SYSTEM else web
    if table in READ_ONLY:
        return frozenset({"SELECT"})
    if table in APPENDED:
        return frozenset({"SELECT", "INSERT"})
    return _DML - {"DELETE"} if table in KEPT else _DML
