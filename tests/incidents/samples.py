"""A playbook of our own for tests: parallel work, a decision with two ways, and steps that block by their extension."""

import copy
import json
from typing import Any

from pehra.incidents.rules.playbook_steps import EXTENSION

ID = "playbook--0b8f3c1e-7a44-4d0e-9a53-5a1f1d2c3b4a"


def step(kind: str, number: int) -> str:
    """The id of a step."""
    return f"{kind}--00000000-0000-4000-8000-{number:012d}"


START, BOTH, ISOLATE, TELL = step("start", 1), step("parallel", 2), step("action", 3), step("action", 4)
ASK, RESTORE, REBUILD, END = step("if-condition", 5), step("action", 6), step("action", 7), step("end", 8)

_PLAYBOOK: dict[str, Any] = {
    "type": "playbook",
    "spec_version": "cacao-2.0",
    "id": ID,
    "name": "Ransomware on servers",
    "description": "From the first call to the restored service.",
    "playbook_types": ["mitigation"],
    "playbook_activities": ["step-sequence"],
    "created_by": "identity--5f2d1f0a-3b4c-4d5e-8f60-718293a4b5c6",
    "created": "2026-10-01T08:00:00.000Z",
    "modified": "2026-10-01T08:00:00.000Z",
    "workflow_start": START,
    "workflow": {
        START: {"type": "start", "on_completion": BOTH},
        BOTH: {"type": "parallel", "next_steps": [ISOLATE, TELL], "on_completion": ASK},
        ISOLATE: {
            "type": "action",
            "name": "Isolate the servers",
            "description": "At the switch, not at the machine.",
            "commands": [{"type": "manual", "command": "Ask the operator to pull the ports"}],
            "agent": "group--00000000-0000-4000-8000-000000000009",
            "on_completion": ASK,
            "step_extensions": {
                EXTENSION: {
                    "blocking": True,
                    "phase": "respond",
                    "touches_organisation": True,
                    "checklist": ["Ports down", "Nobody rebooted anything"],
                }
            },
        },
        TELL: {"type": "action", "name": "Tell the other hospitals", "on_completion": ASK},
        ASK: {"type": "if-condition", "name": "Are the backups whole?", "condition": "backups", "on_true": RESTORE}
        | {"on_false": REBUILD, "on_completion": END},
        RESTORE: {"type": "action", "name": "Restore from the backups", "on_completion": END},
        REBUILD: {"type": "action", "name": "Rebuild from images", "on_completion": END},
        END: {"type": "end"},
    },
    "agent_definitions": {"group--00000000-0000-4000-8000-000000000009": {"type": "group", "name": "Duty desk"}},
    "extension_definitions": {
        EXTENSION: {
            "type": "extension-definition",
            "name": "Pehra: how a step is followed",
            "created_by": "identity--5f2d1f0a-3b4c-4d5e-8f60-718293a4b5c6",
            "schema": "urn:pehra:cacao:step:1",
            "version": "1.0.0",
        }
    },
}


def playbook(**differently: Any) -> dict[str, Any]:
    """A playbook as a mapping, to be spoilt by a test."""
    return copy.deepcopy(_PLAYBOOK) | differently


def document(body: dict[str, Any] | None = None) -> bytes:
    """The same as a file."""
    return json.dumps(playbook() if body is None else body, ensure_ascii=False, indent=1).encode()
