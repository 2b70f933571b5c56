"""Writing a CACAO 2.0 playbook from the tasks of an incident: what was done becomes what is done next time.

Each task is an `action` with a `manual` command, one after the other; what the standard has no word for (blocking,
phase, checklist, acts on the organisation's systems) goes into the step's extension. No name of a person leaves.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from pehra.incidents.rules.playbook_steps import EXTENSION

EXTENSION_MADE = "2026-11-26T00:00:00.000Z"
_IDENTITIES = uuid5(NAMESPACE_URL, "urn:pehra:teams")
_FIXED = ("playbook", "start", "end", "group")
_PEHRA = f"identity--{uuid5(NAMESPACE_URL, 'urn:pehra')}"


@dataclass(frozen=True, kw_only=True)
class Work:
    """One task, as far as another incident has use of it."""

    title: str
    description: str
    phase: str
    is_blocking: bool
    touches_organisation: bool
    checklist: tuple[str, ...]


def write(works: Sequence[Work], *, name: str, description: str, team: str, ids: Sequence[UUID], at: datetime) -> bytes:
    """Return a playbook of these works in their order; `ids` are random (version 4), `ids_needed` of them."""
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    own, start, end, agent = (f"{kind}--{id}" for kind, id in zip(_FIXED, ids, strict=False))
    keys = [f"action--{id}" for id in ids[len(_FIXED) :]]
    ways = zip(keys, works, [*keys[1:], end], strict=True)
    steps = {key: _step(work, agent, following) for key, work, following in ways}
    body = {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": own,
        "name": name,
        **({"description": description} if description else {}),
        "playbook_types": ["mitigation"],
        "playbook_activities": ["step-sequence"],
        "created_by": f"identity--{uuid5(_IDENTITIES, team)}",
        "created": stamp,
        "modified": stamp,
        "revoked": False,
        "workflow_start": start,
        "workflow": {
            start: {"type": "start", "name": "Start", "on_completion": keys[0]},
            **steps,
            end: {"type": "end", "name": "End"},
        },
        "agent_definitions": {agent: {"type": "group", "name": team}},
        "extension_definitions": {EXTENSION: _extension()},
    }
    return json.dumps(body, ensure_ascii=False, indent=2).encode()


def ids_needed(works: Sequence[Work]) -> int:
    """Return how many identifiers a playbook of these works has."""
    return len(_FIXED) + len(works)


def _step(work: Work, agent: str, following: str) -> dict[str, object]:
    own = {
        "blocking": work.is_blocking,
        "touches_organisation": work.touches_organisation,
        **({"phase": work.phase} if work.phase else {}),
        **({"checklist": list(work.checklist)} if work.checklist else {}),
    }
    return {
        "type": "action",
        "name": work.title,
        **({"description": work.description} if work.description else {}),
        "on_completion": following,
        "commands": [{"type": "manual", "command": work.title}],
        "agent": agent,
        "step_extensions": {EXTENSION: own},
    }


def _extension() -> dict[str, object]:
    return {
        "type": "extension-definition",
        "name": "Pehra: how a step is followed",
        "description": "Whether a step blocks, its phase and checklist, whether it acts on an organisation's systems",
        "created_by": _PEHRA,
        "created": EXTENSION_MADE,
        "modified": EXTENSION_MADE,
        "schema": "urn:pehra:cacao:step:1",
        "version": "1.0.0",
    }
