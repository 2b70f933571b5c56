"""The small country with a row of every walled table for each of four tenants, so that everybody has what others want.

Rows are made from what their tables say of themselves: a table that is new is filled by itself. Every text says
`secret-…`, so that any of it on another's page is seen at once.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from allauth.mfa.adapter import get_adapter
from django.contrib.postgres.fields import ArrayField
from django.db import models

from pehra.access import api as access
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id, reference
from tests.web.hostile import FIRST
from tests.web.whose import model_of, walled_tables

MORE = {
    "admin": {"role": "organisation-admin", "organisation": "org-0001"},
    "river": {"role": "organisation-contact", "organisation": "org-0002"},
    "chief": {"role": "team-lead", "team": "punjab-cert"},
    "auditor": {"role": "auditor", "team": "ntcert"},
}
# Filled by the doors of their parts already, with what several tenants do not see of each other.
FILLED = frozenset(
    {
        "access_grant",
        "access_knownscope",
        "access_person",
        "findings_correspondence",
        "findings_finding",
        "ledger_entry",
        "registry_asset",
        "registry_contact",
        "registry_organisation",
    }
)
# What a table's own rules want beside the types of its columns.
GIVEN: dict[str, dict[str, object]] = {
    "access_apitoken": {"permissions": ["law.read"]},
    "access_grant": {"role": "analyst", "how": "glass", **dict.fromkeys(("guided", "national", "council"), False)},
    "access_pendingact": {"act": "grant", "agreed": None, "decided_by": ""},
    "findings_notice": {"findings": [UUID(int=1)]},
    "findings_tally": {"state": "open"},
    "intake_mail": {"state": "done", "due_at": None, "sort": "report", "is_whole": True},
    "intake_mailfeed": {"state": "done", "due_at": None},
    "incidents_consent": {"answer": "asked", "answered_at": None},
    "incidents_incidentnews": {"read_at": None, "read_by": ""},
    "incidents_evidence": {"destroyed_at": None, "erased_at": None},
    "incidents_evidencedisposal": {"outcome": "asked", "decided_at": None, "decided_by": ""},
    "incidents_evidencehold": {"lifted_at": None, "lifted_by": ""},
    "incidents_playbook": {"reach": "team"},
    "incidents_incident": {
        "entity": dict.fromkeys(("sector", "territory", "classes"), None) | {"known": False},
        "roles": [],
        "origin_key": "",
    },
    "incidents_merge": {"undone_at": None, "undone_by": ""},
    **{
        table: {"removed_at": None, "removed_by": ""}
        for table in (
            "incidents_incidentasset",
            "incidents_incidentlink",
            "incidents_incidentobservable",
            "incidents_incidentorganisation",
        )
    },
    "signals_stream": {"delivery": "push", "endpoint": "https://secret.example/events"},
    "outbox_message": {
        **{"state": "held", "about": "", "proof": None, "sent_at": None, "attempts": 0},
        **{"problem": "no contact", "recipient_name": "Desk", "recipient_email": ""},
    },
    "registry_evidence": {"media_type": "text/plain", "size": 6},
    "signals_leak": {
        **{"tlp": "TLP:AMBER", "pap": "PAP:AMBER", "rows_read": 1, "kept": 1},
        **dict.fromkeys(("duplicates", "known", "strangers", "set_aside_count"), 0),
    },
    "signals_leakedaccount": {"secret_kind": ""},
}
# What was seen, and its column of what it is.
OBSERVABLES = {"incidents_incidentobservable": "kind", "intake_reportobservable": "type"}
# A tie between two incidents, and its column of the other one.
OF_TWO = {"incidents_incidentlink": "other", "incidents_merge": "into"}
# What people write: another's is seen by its words.
FREE = frozenset({"body", "description", "email", "name", "note", "reason", "subject", "summary", "title"})
# Columns that name a person without a foreign key.
PERSON = frozenset({"account_id", "person_id", "received_by"})
SECRET_NUMBERS = 900_000  # after these, numbers of references: no other number of a page is one of them
_number = count(1)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """Whom a row is made for: one team or one organisation, and a person there."""

    person: UUID
    team: str = ""
    organisation: str = ""


def furnish(people: dict[str, UUID], *, by: Actor, at: datetime) -> None:
    """Add more people to the cast, and to every walled table a row for each tenant."""
    for who, granted in MORE.items():
        people[who] = access.add_person(email=f"{who}@cast.example", name=who.title(), by=by, at=at)
        access.grant(person_id=people[who], reason="the cast", by=by, at=at, **granted)
    # What the doors of a part wrote shows what else a row must have.
    like = {table: model_of(table).objects.order_by("pk").first() for table in walled_tables()}
    for tenant in (
        Tenant(person=people["telecom"], team="ntcert"),
        Tenant(person=people["chief"], team="punjab-cert"),
        Tenant(person=people["admin"], organisation="org-0001"),
        Tenant(person=people["river"], organisation="org-0002"),
    ):
        made: dict[str, Any] = {}
        for table in walled_tables():
            if table not in FILLED:
                row_for(table, tenant, at=at, made=made, like=like)


def row_for(table: str, tenant: Tenant, *, at: datetime, made: dict[str, Any], like: dict[str, Any]) -> Any:
    """Return the tenant's row of a table, made if there is none yet."""
    if table not in made:
        model = model_of(table)
        values = {
            field.name: _value(field, tenant, like.get(table), at=at, made=made, others=like)
            for field in _columns(model)
            if not isinstance(field, models.AutoField | models.GeneratedField)
        }
        made[table] = model.objects.create(**values | GIVEN.get(table, {}) | _of(table, tenant, at))
    return made[table]


def _columns(model: Any) -> tuple[Any, ...]:
    return tuple(model._meta.concrete_fields)


def _of(table: str, tenant: Tenant, at: datetime) -> dict[str, object]:
    if table == "access_grant":
        return {"valid_until": at + timedelta(hours=8)}
    if table == "mfa_authenticator":
        # What asks for no second factor: a walker comes in by a link alone.
        return {"type": "recovery_codes", "data": {"seed": get_adapter().encrypt("00112233445566"), "used_mask": 0}}
    if table == "access_directoryentry":
        return {"attributes": {"emails": [{"value": f"secret-{next(_number)}@secret.example"}]}}
    if table in OBSERVABLES:
        # What its type says: a page that reads an address out of anything else would break.
        return {OBSERVABLES[table]: "domain", "value": f"secret-{next(_number)}-value.example"}
    if table in OF_TWO:
        # The other of the two is an incident of its own, of the same tenant.
        return {OF_TWO[table]: row_for("incidents_incident", tenant, at=at, made={}, like={})}
    if table != "access_pendingact":
        return {}
    asked = {"team": tenant.team, "organisation": tenant.organisation, "guided": False, "national": False}
    role = "analyst" if tenant.team else "organisation-contact"
    return {"facts": asked | {"council": False, "role": role, "until": None}}


def _value(
    field: Any, tenant: Tenant, like: Any, *, at: datetime, made: dict[str, Any], others: dict[str, Any]
) -> object:
    """A value that fits a column, and that is the tenant's where the column says whose a row is."""
    own = {"team": tenant.team, "lead_team": tenant.team, "organisation": tenant.organisation}
    own["reporter_organisation"] = tenant.organisation
    if field.is_relation:
        return _related(field, tenant, at=at, made=made, like=others)
    if field.name in own and not field.primary_key:
        return own[field.name]
    if isinstance(field, ArrayField):
        own_teams = [tenant.team] if tenant.team else []
        return own_teams if field.name == "teams" else getattr(like, field.name, [])
    if like is not None and not (field.unique or field.name in FREE or isinstance(field, models.UUIDField)):
        return getattr(like, field.name)
    if field.name in PERSON:
        return tenant.person
    if field.blank and not field.null and field.name not in FREE and isinstance(field, models.CharField):
        return ""
    if field.has_default() and not field.null and not field.unique and field.name not in FREE:
        return field.get_default()
    if field.null:
        return None
    if field.choices:
        return field.choices[0][0]
    return _of_type(field, at)


def _related(field: Any, tenant: Tenant, *, at: datetime, made: dict[str, Any], like: dict[str, Any]) -> object:
    table = field.related_model._meta.db_table
    if table == "access_person":
        return field.related_model.objects.get(id=tenant.person)
    if field.null:
        return None
    if table == "registry_organisation" and tenant.organisation:
        return field.related_model.objects.get(code=tenant.organisation)
    return row_for(table, tenant, at=at, made=made, like=like)


def _of_type(field: Any, at: datetime) -> object:
    number = next(_number)
    match field:
        case models.UUIDField():
            return new_id(at)
        case models.DateTimeField():
            # What ends does so tomorrow, what has happened has happened.
            return at + timedelta(days=1) if field.name in ("expires_at", "valid_until") else at
        case models.DateField():
            return at.date()
        case models.BooleanField():
            return False
        case models.IntegerField():
            # What is beneath something is the first there, as those who try its address count it.
            return 1 if field.name in FIRST and any(one.is_relation for one in _columns(field.model)) else number
        case models.JSONField():
            return {}
        case models.BinaryField():
            return b"secret"
        case models.EmailField():
            return f"secret-{number}@secret.example"
        case models.URLField():
            return f"https://secret-{number}.example/"
        case models.GenericIPAddressField():
            return "192.0.2.9"
        case models.CharField() if field.name == "reference" and field.unique:
            # Of the form that every door reads: one that no door does is refused before anything is looked up.
            return reference(prefix="SECRET", year=at.year, number=SECRET_NUMBERS + number)
        case models.CharField() | models.TextField():
            return f"secret-{number}-{field.name}"[: field.max_length or 200]
    raise AssertionError(f"say how {field} is filled: {json.dumps(field.get_internal_type())}")
