"""Whose each row of a walled table is, said here a second time and in Python: what the walls are held against.

A table that says so by its columns (`teams`, `organisation`, `team`, a person) needs no line here; one whose rows
belong to somebody by another road does. `tests/web/test_hostile_rows.py` holds both against what the database shows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db.models import Model

from pehra.access.rules.second_wall import WALLS
from pehra.kernel.actors import Actor

PEOPLE_OF_THE_NATION = "access.read@national"


@dataclass(frozen=True)
class Reader:
    """Somebody who reads, as their actor says who they are."""

    actor: Actor

    @property
    def people(self) -> bool:
        """Whether they look after people for the whole nation."""
        return PEOPLE_OF_THE_NATION in self.actor.permissions

    def is_of(self, *, teams: Iterable[str] = (), organisation: str | None = "") -> bool:
        """Whether something of these teams or this organisation is theirs."""
        return bool(self.actor.teams & set(teams)) or (bool(organisation) and organisation in self.actor.organisations)

    def is_self(self, person: object) -> bool:
        """Whether they are this person."""
        return str(person) == self.actor.id

    @cached_property
    def organisations(self) -> frozenset[str]:
        """The organisations that are theirs."""
        rows = model_of("registry_organisation").objects.all()
        return frozenset(row.code for row in rows if self.is_of(teams=row.teams, organisation=row.code))

    @cached_property
    def colleagues(self) -> frozenset[object]:
        """The people who hold, or held, a role where they stand."""
        grants = model_of("access_grant").objects.all()
        return frozenset(row.person_id for row in grants if _grant(row, self))


Seen = Callable[[Any, Reader], bool]


def _by_columns(row: Any, reader: Reader) -> bool:
    """What a row's own columns say."""
    teams = [*(getattr(row, "teams", None) or ()), *([row.team] if isinstance(getattr(row, "team", None), str) else ())]
    person = getattr(row, "person_id", None) or getattr(row, "user_id", None) or getattr(row, "holder_id", None)
    return reader.is_of(teams=teams, organisation=getattr(row, "organisation", "")) or reader.is_self(person)


def _or_people(row: Any, reader: Reader) -> bool:
    return reader.people or _by_columns(row, reader)


def _grant(row: Any, reader: Reader) -> bool:
    return _or_people(row, reader) or (bool(row.organisation) and row.organisation in reader.organisations)


def _pending(row: Any, reader: Reader) -> bool:
    named = reader.is_of(teams=[row.facts.get("team", "")], organisation=row.facts.get("organisation", ""))
    return _or_people(row, reader) or named or reader.is_self(row.asked_by)


def _note(row: Any, reader: Reader) -> bool:
    return reader.is_of(teams=[*row.teams, *(row.audience.teams if row.audience else ())])


def _receiver(row: Any, reader: Reader) -> bool:
    return reader.people or reader.is_self(row.account_id)


def _report(row: Any, reader: Reader) -> bool:
    return reader.is_of(teams=row.teams, organisation=row.reporter_organisation)


WHOSE: dict[str, Seen] = {
    "access_apitoken": lambda row, reader: (
        reader.people or reader.is_self(row.holder_id) or row.holder_id in reader.colleagues
    ),
    "access_brokenglass": lambda row, reader: _grant(row.grant, reader),
    "access_directoryentry": _or_people,
    "access_directorygroup": _or_people,
    "access_directorymember": lambda row, reader: _or_people(row.group, reader),
    "access_grant": _grant,
    "access_knownscope": lambda row, reader: (
        reader.people or row.kind == "team" or reader.is_of(teams=row.teams, organisation=row.code)
    ),
    "access_onetimelink": lambda row, reader: reader.people,
    "access_pendingact": _pending,
    "access_person": lambda row, reader: reader.people or reader.is_self(row.id) or row.id in reader.colleagues,
    "access_serviceuse": _or_people,
    "account_emailaddress": _or_people,
    "account_emailconfirmation": lambda row, reader: _or_people(row.email_address, reader),
    "allauth_idp_oidc_token": _or_people,
    "findings_correspondence": lambda row, reader: row.organisation in reader.organisations,
    "incidents_custodyentry": lambda row, reader: _by_columns(row.evidence.incident, reader),
    "incidents_evidence": lambda row, reader: _by_columns(row.incident, reader),
    "incidents_evidencedisposal": lambda row, reader: _by_columns(row.evidence.incident, reader),
    "incidents_evidencehold": lambda row, reader: _by_columns(row.evidence.incident, reader),
    "incidents_evidencestamp": lambda row, reader: _by_columns(row.evidence.incident, reader),
    "incidents_incidentasset": lambda row, reader: reader.is_of(teams=row.incident.teams),
    "incidents_incidentlink": lambda row, reader: _by_columns(row.incident, reader),
    "incidents_incidentobservable": lambda row, reader: reader.is_of(teams=row.incident.teams),
    "incidents_merge": lambda row, reader: _by_columns(row.incident, reader) or _by_columns(row.into, reader),
    "incidents_incidentfinding": lambda row, reader: _by_columns(row.incident, reader),
    "incidents_incidentorganisation": lambda row, reader: (
        _by_columns(row, reader) or row.incident.lead_team in reader.actor.teams
    ),
    "intake_mailfeed": lambda row, reader: _by_columns(row.mail, reader),
    "intake_report": _report,
    "intake_reportfile": lambda row, reader: _report(row.report, reader),
    "intake_reportobservable": lambda row, reader: _report(row.report, reader),
    "intake_submission": lambda row, reader: _report(row.report, reader),
    "intake_triagechange": lambda row, reader: _by_columns(row.act, reader),
    "incidents_consent": lambda row, reader: _by_columns(row, reader) or row.incident.lead_team in reader.actor.teams,
    "incidents_incidentphase": lambda row, reader: _by_columns(row.incident, reader),
    "incidents_lesson": lambda row, reader: reader.is_of(teams=row.incident.teams),
    "incidents_note": lambda row, reader: _note(row, reader),
    "incidents_noteversion": lambda row, reader: _note(row.note, reader),
    "incidents_playbook": lambda row, reader: row.reach == "everybody" or reader.is_of(teams=row.teams),
    "incidents_playbookrun": lambda row, reader: reader.is_of(teams=row.incident.teams),
    "incidents_task": lambda row, reader: reader.is_of(teams=row.incident.teams),
    "incidents_timelineentry": lambda row, reader: reader.is_of(teams=row.incident.teams),
    "mfa_authenticator": _or_people,
    "outbox_attachment": lambda row, reader: _by_columns(row.message, reader),
    "registry_assessment": lambda row, reader: row.organisation_id in reader.organisations,
    "registry_assessmentanswer": lambda row, reader: row.assessment.organisation_id in reader.organisations,
    "registry_evidence": lambda row, reader: row.answer.assessment.organisation_id in reader.organisations,
    "registry_asset": lambda row, reader: row.organisation_id in reader.organisations,
    "registry_contact": lambda row, reader: row.organisation_id is None or row.organisation_id in reader.organisations,
    "registry_organisation": lambda row, reader: row.code in reader.organisations,
    "signals_excludedperson": lambda row, reader: _receiver(row.stream.receiver, reader),
    "signals_leak": lambda row, reader: (
        reader.is_self(row.received_by) or any(_by_columns(account, reader) for account in row.accounts.all())
    ),
    "signals_ledgerplace": lambda row, reader: False,
    "signals_receiver": lambda row, reader: _receiver(row, reader),
    "signals_securityevent": lambda row, reader: _receiver(row.stream.receiver, reader),
    "signals_stream": lambda row, reader: _receiver(row.receiver, reader),
    "socialaccount_socialaccount": _or_people,
    "socialaccount_socialtoken": lambda row, reader: _or_people(row.account, reader),
    "threads_answer": lambda row, reader: _by_columns(row.letter.thread, reader),
    "threads_letter": lambda row, reader: _by_columns(row.thread, reader),
    "threads_reply": lambda row, reader: _by_columns(row.thread, reader),
    "usersessions_usersession": _or_people,
}


def is_decided_by(table: str, row: Any, reader: Reader) -> bool:
    """Whether Pehra shows a row beyond the wall: a question about an organisation, to who gives roles there."""
    gives = any(name.partition("@")[0] == "access.grant" for name in reader.actor.permissions)
    return table == "access_pendingact" and gives and row.facts.get("organisation") in reader.organisations


def walled_tables() -> list[str]:
    """Every table that has a wall."""
    return sorted(wall.table for wall in WALLS)


def model_of(table: str) -> Any:
    """The model of a table."""
    return {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}[table]


def rows(table: str) -> list[Model]:
    """Every row of a table, read by its owner."""
    return list(model_of(table).objects.all())


def is_theirs(table: str, row: Model, reader: Reader) -> bool:
    """Whether a row is somebody's to see."""
    return WHOSE.get(table, _by_columns)(row, reader)
