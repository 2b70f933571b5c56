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
    FINDINGS_READ = "findings.read"
    FINDINGS_CHANGE = "findings.change"
    FINDINGS_VERIFY = "findings.verify"
    INCIDENTS_READ = "incidents.read"
    INCIDENTS_OPEN = "incidents.open"
    INCIDENTS_CHANGE = "incidents.change"
    INCIDENTS_CLOSE = "incidents.close"
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


class ScopeKind(StrEnum):
    """How far a grant reaches."""

    TEAM = "team"
    ORGANISATION = "organisation"
    NATIONAL = "national"


class Role(StrEnum):
    """What somebody is, in a scope."""

    ANALYST = "analyst"
    INCIDENT_HANDLER = "incident-handler"
    DUTY_OFFICER = "duty-officer"
    TEAM_LEAD = "team-lead"
    REGISTRY_EDITOR = "registry-editor"
    ORGANISATION_CONTACT = "organisation-contact"
    COUNCIL_MEMBER = "council-member"
    AUDITOR = "auditor"
    PLATFORM_OPERATOR = "platform-operator"


_READS = frozenset(
    {
        Permission.FINDINGS_READ,
        Permission.INCIDENTS_READ,
        Permission.INTEL_READ,
        Permission.LAW_READ,
        Permission.LEDGER_READ,
        Permission.OUTBOX_READ,
        Permission.REGISTRY_READ,
        Permission.SITUATION_READ,
        Permission.TELEMETRY_READ,
    }
)
_HANDLES = _READS | {
    Permission.FINDINGS_CHANGE,
    Permission.FINDINGS_VERIFY,
    Permission.INCIDENTS_OPEN,
    Permission.INCIDENTS_CHANGE,
}
_STANDS_WATCH = _HANDLES | {Permission.INCIDENTS_CLOSE, Permission.OUTBOX_SEND, Permission.TELEMETRY_INGEST}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ANALYST: _READS | {Permission.FINDINGS_CHANGE, Permission.INTEL_IMPORT, Permission.TELEMETRY_INGEST},
    Role.INCIDENT_HANDLER: _HANDLES,
    Role.DUTY_OFFICER: _STANDS_WATCH,
    Role.TEAM_LEAD: _STANDS_WATCH
    | {Permission.ACCESS_READ, Permission.ACCESS_GRANT, Permission.INTEL_IMPORT, Permission.REGISTRY_IMPORT},
    Role.REGISTRY_EDITOR: frozenset({Permission.REGISTRY_READ, Permission.REGISTRY_IMPORT, Permission.LAW_READ}),
    # An organisation says that it has mended something; whether it is mended is checked by its team.
    Role.ORGANISATION_CONTACT: frozenset(
        {
            Permission.FINDINGS_READ,
            Permission.FINDINGS_CHANGE,
            Permission.INCIDENTS_READ,
            Permission.LAW_READ,
            Permission.LEDGER_READ,
            Permission.OUTBOX_READ,
            Permission.REGISTRY_READ,
            Permission.SITUATION_READ,
        }
    ),
    # The council advises and commands nobody: no seat opens a constituency, its assets, or the reasons people wrote.
    Role.COUNCIL_MEMBER: frozenset({Permission.LAW_READ}),
    Role.AUDITOR: _READS | {Permission.ACCESS_READ},
    # Whoever keeps the machine running gives people their access and sees nobody's matters.
    Role.PLATFORM_OPERATOR: frozenset({Permission.ACCESS_READ, Permission.ACCESS_GRANT, Permission.LAW_READ}),
}

SCOPES: dict[Role, frozenset[ScopeKind]] = {
    Role.ANALYST: frozenset({ScopeKind.TEAM}),
    Role.INCIDENT_HANDLER: frozenset({ScopeKind.TEAM}),
    Role.DUTY_OFFICER: frozenset({ScopeKind.TEAM}),
    Role.TEAM_LEAD: frozenset({ScopeKind.TEAM}),
    Role.REGISTRY_EDITOR: frozenset({ScopeKind.TEAM, ScopeKind.NATIONAL}),
    Role.ORGANISATION_CONTACT: frozenset({ScopeKind.ORGANISATION}),
    Role.COUNCIL_MEMBER: frozenset({ScopeKind.NATIONAL}),
    Role.AUDITOR: frozenset({ScopeKind.TEAM, ScopeKind.NATIONAL}),
    Role.PLATFORM_OPERATOR: frozenset({ScopeKind.NATIONAL}),
}
