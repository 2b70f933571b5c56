"""CACAO 2.0 playbooks: read one strictly enough to follow it, and say which steps become tasks.

OASIS CACAO Security Playbooks 2.0. The document itself is kept to the letter elsewhere; here is only what Pehra
follows: the steps, their order, and the decisions between them. What keeps a playbook from being followed is refused,
each mistake by its place; what is merely unusual is a remark. No command of a playbook is ever run by Pehra: a person
does the step, or has it done, and says so.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pehra.incidents.rules import playbook_steps
from pehra.incidents.rules.playbook_steps import Step
from pehra.kernel import json_text
from pehra.kernel.refusals import Invalid

DOCUMENT_BYTES_MAX = 1024 * 1024
NAME_LENGTH_MAX = 300
ID_LENGTH_MAX = 120
PROBLEMS_SHOWN_MAX = 10
SPEC_VERSION = "cacao-2.0"
_ID = re.compile(r"playbook--[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_TEXTS = ("id", "name", "created_by", "created", "modified", "workflow_start")


@dataclass(frozen=True, kw_only=True)
class Playbook:
    """What Pehra follows of a playbook."""

    cacao_id: str
    modified: str
    name: str
    description: str
    types: tuple[str, ...]
    steps: tuple[Step, ...]
    start: str
    ways: Mapping[str, Mapping[str, Sequence[str]]]
    remarks: tuple[str, ...]
    revoked: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class PlaybookInvalid(Invalid):
    """The document is no playbook that can be followed; `problems` names every mistake that was found."""

    def __init__(self, problems: Sequence[str]) -> None:
        shown = "; ".join(problems[:PROBLEMS_SHOWN_MAX])
        more = len(problems) - PROBLEMS_SHOWN_MAX
        super().__init__(shown + (f"; and {more} more" if more > 0 else ""), field="document")
        self.problems = tuple(problems)


def read(document: bytes) -> Playbook:
    """Read a playbook; refuse one that cannot be followed, with every mistake in it."""
    body = _json(document)
    problems = _head_problems(body)
    if problems:
        raise PlaybookInvalid(problems)
    steps, problems, remarks = playbook_steps.read(body["workflow"], start=body["workflow_start"], body=body)
    if problems:
        raise PlaybookInvalid(problems)
    return Playbook(
        cacao_id=body["id"],
        modified=body["modified"],
        name=body["name"].strip(),
        description=str(body.get("description", "")),
        types=tuple(str(word) for word in body.get("playbook_types", ())),
        steps=tuple(steps),
        start=body["workflow_start"],
        ways=playbook_steps.ways_of(body["workflow"]),
        remarks=(*_head_remarks(body), *remarks),
        revoked=body.get("revoked") is True,
        valid_from=_stamp(body.get("valid_from")),
        valid_until=_stamp(body.get("valid_until")),
    )


def _json(document: bytes) -> dict[str, Any]:
    if len(document) > DOCUMENT_BYTES_MAX:
        raise PlaybookInvalid([f"a playbook has at most {DOCUMENT_BYTES_MAX} bytes"])
    try:
        return json_text.read_object(document)
    except json_text.NotJson as error:
        raise PlaybookInvalid([error.message]) from error


def _head_problems(body: Mapping[str, Any]) -> list[str]:
    problems = []
    if body.get("type") != "playbook":
        problems.append('type: must be "playbook"')
    if body.get("spec_version") != SPEC_VERSION:
        problems.append(f'spec_version: must be "{SPEC_VERSION}", not {body.get("spec_version")!r}')
    for key in _TEXTS:
        if not isinstance(body.get(key), str) or not body[key].strip():
            problems.append(f"{key}: is missing, or no text")
    if isinstance(body.get("id"), str) and not _ID.fullmatch(body["id"]):
        problems.append("id: must be playbook-- and a UUID")
    if isinstance(body.get("name"), str) and len(body["name"]) > NAME_LENGTH_MAX:
        problems.append(f"name: has at most {NAME_LENGTH_MAX} characters")
    for key in ("created", "modified"):
        if isinstance(body.get(key), str) and not _stamp(body[key]):
            problems.append(f"{key}: must be a moment such as 2026-11-03T09:14:00.000Z")
    if not isinstance(body.get("workflow"), dict) or not body.get("workflow"):
        problems.append("workflow: is missing, or no object")
    if not isinstance(body.get("playbook_types", []), list):
        problems.append("playbook_types: must be a list")
    return problems


def _head_remarks(body: Mapping[str, Any]) -> list[str]:
    remarks = []
    created, modified = _stamp(body.get("created")), _stamp(body.get("modified"))
    if created and modified and modified < created:
        remarks.append("modified is before created")
    if body.get("signatures"):
        remarks.append("it carries signatures; Pehra does not check them")
    if body.get("authentication_info_definitions"):
        remarks.append("it carries names and passwords of systems: keep it to your team")
    return remarks


def _stamp(text: object) -> datetime | None:
    if not isinstance(text, str) or not _STAMP.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
