"""Roles, and what each may do: one table, read by the wall, the commands, the pages and the tests.

A role is a word people use ("the duty officer"); a permission is one thing done to one part, its first word the part's
name. Nobody is given a permission directly: only a role, in one scope, for a time, with a reason. What is not in the
table is refused.
"""

from enum import StrEnum


class Permission(StrEnum):
    """One thing that may be done, named by the part it belongs to."""

    ACCESS_READ = "access.read"
    ACCESS_GRANT = "access.grant"
    ACCESS_BREAK_GLASS = "access.break-glass"
    ACCESS_TOKEN = "access.token"  # noqa: S105 - the name of a permission
    ACCESS_PROVISION = "access.provision"
    ACCESS_SERVICES = "access.services"
    ASSESSMENT_READ = "registry.assessment-read"
    ASSESSMENT_ANSWER = "registry.assessment-answer"
    ASSESSMENT_REVIEW = "registry.assessment-review"
    SIGNALS_READ = "signals.read"
    SIGNALS_MANAGE = "signals.manage"
    SIGNALS_REPORT = "signals.report"
    SIGNALS_RECEIVE = "signals.receive"
    FINDINGS_READ = "findings.read"
    FINDINGS_CHANGE = "findings.change"
    FINDINGS_VERIFY = "findings.verify"
    INCIDENTS_READ = "incidents.read"
    INCIDENTS_OPEN = "incidents.open"
    INCIDENTS_CHANGE = "incidents.change"
    INCIDENTS_CLOSE = "incidents.close"
    INCIDENTS_CONSENT = "incidents.consent"
    INCIDENTS_EVIDENCE = "incidents.evidence"
    INCIDENTS_PLAYBOOKS = "incidents.playbooks"
    INCIDENTS_IMPORT = "incidents.import"
    INTAKE_READ = "intake.read"
    INTAKE_TRIAGE = "intake.triage"
    INTAKE_REPORT = "intake.report"
    INTEL_READ = "intel.read"
    INTEL_IMPORT = "intel.import"
    LAW_READ = "law.read"
    LEDGER_READ = "ledger.read"
    OUTBOX_READ = "outbox.read"
    OUTBOX_SEND = "outbox.send"
    REGISTRY_READ = "registry.read"
    REGISTRY_IMPORT = "registry.import"
    SITUATION_READ = "web.situation"
    TELEMETRY_READ = "telemetry.read"
    TELEMETRY_INGEST = "telemetry.ingest"
    THREADS_READ = "threads.read"
    THREADS_WRITE = "threads.write"


class ScopeKind(StrEnum):
    """How far a grant reaches."""

    TEAM = "team"
    GUIDED = "guided"  # this team and those under its guidance
    ORGANISATION = "organisation"
    NATIONAL = "national"
    COUNCIL = "council"


class Role(StrEnum):
    """What somebody is, in a scope."""

    ANALYST = "analyst"
    SOC_ANALYST = "soc-analyst"
    INCIDENT_HANDLER = "incident-handler"
    DUTY_OFFICER = "duty-officer"
    TEAM_LEAD = "team-lead"
    REGISTRY_EDITOR = "registry-editor"
    ORGANISATION_CONTACT = "organisation-contact"
    ORGANISATION_ADMIN = "organisation-admin"
    COUNCIL_MEMBER = "council-member"
    COUNCIL_SECRETARY = "council-secretary"
    AUDITOR = "auditor"
    PLATFORM_OPERATOR = "platform-operator"
    PEER_LIAISON = "peer-liaison"
    SIGNAL_RECEIVER = "signal-receiver"


_READS = frozenset(
    {
        Permission.ACCESS_TOKEN,
        Permission.ASSESSMENT_READ,
        Permission.FINDINGS_READ,
        Permission.INCIDENTS_READ,
        Permission.INTAKE_READ,
        Permission.INTEL_READ,
        Permission.LAW_READ,
        Permission.LEDGER_READ,
        Permission.OUTBOX_READ,
        Permission.REGISTRY_READ,
        Permission.SITUATION_READ,
        Permission.TELEMETRY_READ,
        Permission.THREADS_READ,
    }
)
_WATCHES = _READS | {
    Permission.FINDINGS_CHANGE,
    Permission.INTAKE_REPORT,
    Permission.INTEL_IMPORT,
    Permission.SIGNALS_REPORT,
    Permission.TELEMETRY_INGEST,
}
_HANDLES = _READS | {
    Permission.ACCESS_BREAK_GLASS,
    Permission.FINDINGS_CHANGE,
    Permission.FINDINGS_VERIFY,
    Permission.INCIDENTS_OPEN,
    Permission.INCIDENTS_CHANGE,
    Permission.INCIDENTS_EVIDENCE,
    Permission.INTAKE_REPORT,
    Permission.INTAKE_TRIAGE,
    Permission.SIGNALS_REPORT,
    Permission.THREADS_WRITE,
}
_STANDS_WATCH = _HANDLES | {Permission.INCIDENTS_CLOSE, Permission.OUTBOX_SEND, Permission.TELEMETRY_INGEST}
_ANSWERS = frozenset(
    {
        Permission.ACCESS_TOKEN,
        Permission.ASSESSMENT_READ,
        Permission.ASSESSMENT_ANSWER,
        Permission.FINDINGS_READ,
        Permission.FINDINGS_CHANGE,
        # What may be done on its systems an organisation decides itself: this is asked of an organisation and never of
        # a team, so that a team's lead can give it on and not use it.
        Permission.INCIDENTS_CONSENT,
        Permission.INCIDENTS_READ,
        Permission.INTAKE_REPORT,
        Permission.LAW_READ,
        Permission.LEDGER_READ,
        Permission.OUTBOX_READ,
        Permission.REGISTRY_READ,
        Permission.SITUATION_READ,
        Permission.THREADS_READ,
        Permission.THREADS_WRITE,
    }
)

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ANALYST: _WATCHES | {Permission.ACCESS_BREAK_GLASS},
    # Sees and promotes what the sensors say; opens an incident and leaves its handling to the team (law: K2).
    Role.SOC_ANALYST: _WATCHES | {Permission.INCIDENTS_OPEN, Permission.INTAKE_TRIAGE},
    Role.INCIDENT_HANDLER: _HANDLES,
    Role.DUTY_OFFICER: _STANDS_WATCH,
    Role.TEAM_LEAD: _STANDS_WATCH
    | _ANSWERS
    | {
        Permission.ACCESS_READ,
        Permission.ACCESS_GRANT,
        Permission.ACCESS_PROVISION,
        Permission.ASSESSMENT_REVIEW,
        Permission.INCIDENTS_IMPORT,
        Permission.INCIDENTS_PLAYBOOKS,
        Permission.INTEL_IMPORT,
        Permission.REGISTRY_IMPORT,
        Permission.SIGNALS_READ,
    },
    Role.REGISTRY_EDITOR: frozenset(
        {Permission.ASSESSMENT_READ, Permission.REGISTRY_READ, Permission.REGISTRY_IMPORT, Permission.LAW_READ}
    ),
    # An organisation says that it has mended something; whether it is mended is checked by its team.
    Role.ORGANISATION_CONTACT: _ANSWERS,
    Role.ORGANISATION_ADMIN: _ANSWERS
    | {
        Permission.ACCESS_READ,
        Permission.ACCESS_GRANT,
        Permission.ACCESS_PROVISION,
    },
    # The council advises and commands nobody: no seat opens a constituency, its assets, or the reasons people wrote.
    Role.COUNCIL_MEMBER: frozenset({Permission.LAW_READ}),
    Role.COUNCIL_SECRETARY: frozenset({Permission.LAW_READ}),
    Role.AUDITOR: (_READS - {Permission.ACCESS_TOKEN}) | {Permission.ACCESS_READ, Permission.SIGNALS_READ},
    # Whoever keeps the machine running gives people their access and sees nobody's matters.
    Role.PLATFORM_OPERATOR: frozenset(
        {
            Permission.ACCESS_READ,
            Permission.ACCESS_GRANT,
            Permission.ACCESS_SERVICES,
            Permission.LAW_READ,
            Permission.SIGNALS_READ,
            Permission.SIGNALS_MANAGE,
            Permission.SIGNALS_RECEIVE,
        }
    ),
    # Speaks with teams abroad: reads what its team may share, changes nothing of it.
    Role.PEER_LIAISON: frozenset(
        {
            Permission.FINDINGS_READ,
            Permission.INCIDENTS_READ,
            Permission.INTEL_READ,
            Permission.LAW_READ,
            Permission.OUTBOX_READ,
            Permission.SITUATION_READ,
        }
    ),
    # A relying service's own account: which people it is told of is decided by who signed in there.
    Role.SIGNAL_RECEIVER: frozenset({Permission.SIGNALS_RECEIVE}),
}

# Roles that put some constituency's matters before a person; the others need no team before them at all.
OPENS_MATTERS = frozenset(
    role
    for role, permissions in PERMISSIONS.items()
    if permissions & {Permission.FINDINGS_READ, Permission.REGISTRY_READ, Permission.LEDGER_READ}
)
# A service account answers to no watch: it breaks no glass and leads nobody.
NOT_FOR_SERVICES = frozenset({Role.TEAM_LEAD, Role.COUNCIL_MEMBER, Role.COUNCIL_SECRETARY, Role.PLATFORM_OPERATOR})

_TEAMS = frozenset({ScopeKind.TEAM, ScopeKind.GUIDED})
SCOPES: dict[Role, frozenset[ScopeKind]] = {
    Role.ANALYST: _TEAMS,
    Role.SOC_ANALYST: _TEAMS,
    Role.INCIDENT_HANDLER: _TEAMS,
    Role.DUTY_OFFICER: _TEAMS,
    Role.TEAM_LEAD: _TEAMS,
    Role.REGISTRY_EDITOR: _TEAMS | {ScopeKind.NATIONAL},
    Role.ORGANISATION_CONTACT: frozenset({ScopeKind.ORGANISATION}),
    Role.ORGANISATION_ADMIN: frozenset({ScopeKind.ORGANISATION}),
    Role.COUNCIL_MEMBER: frozenset({ScopeKind.COUNCIL}),
    Role.COUNCIL_SECRETARY: frozenset({ScopeKind.COUNCIL}),
    Role.AUDITOR: _TEAMS | {ScopeKind.NATIONAL},
    Role.PLATFORM_OPERATOR: frozenset({ScopeKind.NATIONAL}),
    Role.PEER_LIAISON: frozenset({ScopeKind.TEAM}),
    Role.SIGNAL_RECEIVER: frozenset({ScopeKind.NATIONAL}),
}
