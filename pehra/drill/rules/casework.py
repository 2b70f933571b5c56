"""What the sample's duty officer did about the operator's report: a playbook, a timeline, a note, observables.

Pure: words and moments, relative to when the sample was laid out.
"""

import json
from typing import Any

from pehra.drill.rules.attacks import Attacks

CREATED = "2026-01-15T00:00:00.000Z"
_PEOPLE = "individual--3f0f4b6e-6f5d-4a57-9d3c-6a5b0c1f2e01"
_ID = "playbook--5b1d7a34-6f0e-4c1a-8f57-2f6a1d9c3b10"
_STEPS = (
    ("Call the operator's duty number and agree on one channel", "Have a name and a number on both sides."),
    ("Ask that the encrypted hosts stay powered on and are cut from the network", "Memory may hold the key."),
    ("Take the ransom note, one encrypted file and the list of hosts as evidence", "Hash each on arrival."),
    ("Decide with the operator whether the control room is cut from the office network", "Their decision: ask."),
    ("Warn the operators that saw the same address", "Notices go out by finding."),
    ("Check the backups before anything is restored", "Restore to a clean network only."),
)


def timeline(staged: Attacks) -> str:
    """Return the first lines of the investigation, one event a line, as somebody types them."""
    hosts = staged.infections[0].hosts
    return "\n".join(
        (
            f"02:10 monitoring loses {hosts[0]}",
            f"02:25 three more file servers are silent: {', '.join(hosts[1:4])}",
            "02:40 the ransom note is found on the first of them",
            "03:05 the operator cuts the office network from the control room",
        )
    )


def note() -> str:
    """Return the officer's note, in Markdown."""
    return (
        "### First call with the operator\n\n"
        "- Billing is stopped, the control room runs.\n"
        "- **No payment was made.** They ask before they decide.\n"
        "- Images of two hosts are promised for noon.\n"
    )


def playbook() -> bytes:
    """Return a CACAO 2.0 playbook for the first hours of a ransomware incident."""
    names = [f"action--8c1f0000-0000-4000-8000-00000000000{number}" for number in range(1, len(_STEPS) + 1)]
    start, end = "start--8c1f0000-0000-4000-8000-0000000000a0", "end--8c1f0000-0000-4000-8000-0000000000e0"
    workflow: dict[str, Any] = {start: {"type": "start", "on_completion": names[0]}, end: {"type": "end"}}
    for place, (name, why) in enumerate(_STEPS):
        following = names[place + 1] if place + 1 < len(names) else end
        workflow[names[place]] = {
            "type": "action",
            "name": name,
            "description": why,
            "on_completion": following,
            "commands": [{"type": "manual", "command": name}],
            "agent": _PEOPLE,
        }
    document = {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": _ID,
        "name": "Ransomware: the first hours",
        "description": "What a team does with an operator whose files are being encrypted.",
        "playbook_types": ["investigation", "mitigation"],
        "created_by": "identity--0d5b9c1e-7a34-4b52-9d0a-3f1c2e4b5a60",
        "created": CREATED,
        "modified": CREATED,
        "workflow_start": start,
        "workflow": workflow,
        "agent_definitions": {_PEOPLE: {"type": "individual", "name": "Duty officer"}},
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
