"""The workflow of a CACAO 2.0 playbook: its steps in an order in which a person can do them.

An `action` or `playbook-action` is work; an `if-`, `while-` or `switch-condition` is a decision that a person takes;
`start`, `end` and `parallel` only join. `after` names the nearest work or decisions that come before a step.

Whether a step blocks, in which phase it stands and whether it acts on the organisation's systems are Pehra's own, kept
in the step's `step_extensions` under `EXTENSION`; a playbook without them has steps that block nothing until somebody
says so when it is started.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STEPS_MAX = 300
NEXT_MAX = 50
NAME_MAX = 300
STEP_ID_MAX = 120
EXTENSION = "extension-definition--6f3d8a52-0c1b-4e57-9a4e-2b7c51d0e8f4"
WORK = frozenset({"action", "playbook-action"})
CASE = "case: "
_TRUTHS = ("on_true", "on_false")
OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "if-condition": _TRUTHS,
    "while-condition": _TRUTHS,
    "switch-condition": (f"{CASE}default",),
}
"""The answers that a decision has in any case, whether or not a playbook says where each leads."""
DECISIONS = frozenset(OUTCOMES)
JOINTS = frozenset({"start", "end", "parallel"})
TYPES = WORK | DECISIONS | JOINTS
AGENT_TYPES = frozenset(
    {
        *("group", "http-api", "individual", "linux", "location", "net-address"),
        *("organization", "sector", "security-category", "ssh"),
    }
)
COMMAND_TYPES = frozenset(
    {
        *("bash", "caldera-cmd", "elastic", "http-api", "jupyter", "kestrel", "manual", "openc2-http"),
        *("powershell", "sigma", "ssh", "yara"),
    }
)
_ID = re.compile(r"([a-z0-9-]+)--[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
Ways = Mapping[str, Mapping[str, Sequence[str]]]
_SINGLE = ("on_completion", "on_success", "on_failure", "on_true", "on_false")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step that a person does or decides."""

    id: str
    type: str
    name: str
    description: str
    commands: tuple[str, ...]
    after: tuple[str, ...]
    outcomes: Mapping[str, tuple[str, ...]]
    is_blocking: bool = False
    phase: str = ""
    touches_organisation: bool = False
    checklist: tuple[str, ...] = ()

    @property
    def is_decision(self) -> bool:
        """Whether somebody decides here which way it goes on."""
        return self.type in DECISIONS


def read(
    workflow: Mapping[str, Any], *, start: str, body: Mapping[str, Any]
) -> tuple[list[Step], list[str], list[str]]:
    """Return the steps in order, what keeps the workflow from being followed, and what is merely unusual."""
    problems = _problems(workflow, start)
    if problems:
        return [], problems, []
    ways = ways_of(workflow)
    order = _order(ways, start)
    before = _before(workflow, ways, order)
    steps = [_step(key, workflow[key], before) for key in order if workflow[key]["type"] not in JOINTS]
    return steps, [], _remarks(workflow, order, body)


def following(step: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the steps that may come next, by what leads to each (`on_completion`, a case's words)."""
    found: dict[str, tuple[str, ...]] = {key: (step[key],) for key in _SINGLE if key in step}
    if "next_steps" in step:
        found["next_steps"] = tuple(step["next_steps"])
    for word, target in step.get("cases", {}).items():
        found[f"{CASE}{word}"] = tuple(target) if isinstance(target, list) else (target,)
    return found


def ways_of(workflow: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return of every step what may come next, by what leads there: what a run keeps of its playbook."""
    return {key: _ways(step) for key, step in workflow.items()}


def _ways(step: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return where a step leads. A decision can always be answered: a way that the playbook leaves out leads on."""
    ways = {way: list(targets) for way, targets in following(step).items()}
    for way in OUTCOMES.get(step["type"], ()):
        ways.setdefault(way, [])
    if step["type"] == "while-condition":
        # Once more round a loop leaves nothing behind: what comes after the loop comes all the same.
        ways["on_true"] += [target for target in ways["on_false"] if target not in ways["on_true"]]
    return ways


def outcomes_of(ways: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the ways of a step between which a person decides; none where nothing is decided."""
    return tuple(way for way in ways if way in _TRUTHS or way.startswith(CASE))


def untaken(ways: Ways, *, start: str, decided: Mapping[str, str]) -> set[str]:
    """Return the steps that can no longer be reached after some decisions were taken."""
    return set(_order(ways, start)) - set(_order(ways, start, decided=decided))


def _problems(workflow: Mapping[str, Any], start: str) -> list[str]:
    if len(workflow) > STEPS_MAX:
        return [f"workflow: a playbook has at most {STEPS_MAX} steps"]
    problems = []
    for key, step in workflow.items():
        if len(key) > STEP_ID_MAX:
            problems.append(f"workflow.{key[:STEP_ID_MAX]}…: the id of a step has at most {STEP_ID_MAX} characters")
        elif not isinstance(step, dict):
            problems.append(f"workflow.{key}: must be an object")
        elif step.get("type") not in TYPES:
            problems.append(f"workflow.{key}.type: {step.get('type')!r} is no type of step")
        else:
            problems += [f"workflow.{key}.{said}" for said in _shape_problems(step)]
    if problems:
        return problems
    for key, step in workflow.items():
        for name, targets in following(step).items():
            missing = [target for target in targets if target not in workflow]
            problems += [f"workflow.{key}.{name}: there is no step {target!r}" for target in missing]
    if start not in workflow:
        problems.append(f"workflow_start: there is no step {start!r}")
    elif workflow[start]["type"] != "start":
        problems.append("workflow_start: must name a step of type start")
    if not problems and not any(workflow[key]["type"] not in JOINTS for key in _order(ways_of(workflow), start)):
        problems.append("workflow: there is nothing to do between start and end")
    return problems


def _shape_problems(step: Mapping[str, Any]) -> Iterable[str]:
    for key in ("name", "description", "condition", *_SINGLE):
        if key in step and not isinstance(step[key], str):
            yield f"{key}: must be a text"
    targets = step.get("next_steps", [])
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        yield "next_steps: must be a list of steps"
    elif len(targets) > NEXT_MAX:
        yield f"next_steps: at most {NEXT_MAX}"
    cases = step.get("cases", {})
    if not isinstance(cases, dict) or not all(_is_target(target) for target in cases.values()):
        yield "cases: must be an object of steps"
    commands = step.get("commands", [])
    if not isinstance(commands, list) or not all(isinstance(command, dict) for command in commands):
        yield "commands: must be a list of objects"
    own = step.get("step_extensions", {})
    if not isinstance(own, dict) or not isinstance(own.get(EXTENSION, {}), dict):
        yield "step_extensions: must be an object of objects"
    if step["type"] == "end" and following(step):
        yield "type: nothing comes after an end"


def _is_target(target: object) -> bool:
    many = isinstance(target, list) and all(isinstance(one, str) for one in target)
    return isinstance(target, str) or many


def _order(ways: Ways, start: str, *, decided: Mapping[str, str] | None = None) -> list[str]:
    """Return the reachable steps, each after as many of its predecessors as loops allow (reverse postorder)."""
    taken = decided or {}
    finished: list[str] = []
    seen = {start}
    waiting: list[tuple[str, list[str]]] = [(start, _next(ways[start], taken.get(start)))]
    while waiting:
        key, targets = waiting[-1]
        target = next((one for one in targets if one not in seen), None)
        if target is None:
            finished.append(key)
            waiting.pop()
        else:
            seen.add(target)
            waiting.append((target, _next(ways[target], taken.get(target))))
    return finished[::-1]


def _next(ways: Mapping[str, Sequence[str]], outcome: str | None = None) -> list[str]:
    """Return what may follow, last first: a depth-first walk then puts the first branch first."""
    chosen = [ways.get(outcome, ()), ways.get("on_completion", ())] if outcome is not None else list(ways.values())
    return [target for targets in chosen for target in targets][::-1]


def _before(workflow: Mapping[str, Any], ways: Ways, order: Sequence[str]) -> dict[str, list[str]]:
    """Return of each step the nearest steps of work or decision before it. A way back to an earlier step is none."""
    place = {key: number for number, key in enumerate(order)}
    before: dict[str, list[str]] = {key: [] for key in order}
    for key in order:
        own = [key] if workflow[key]["type"] not in JOINTS else before[key]
        for target in dict.fromkeys(_next(ways[key])):
            if place[target] > place[key]:
                before[target] += [one for one in own if one not in before[target]]
    return before


def _step(key: str, step: Mapping[str, Any], before: Mapping[str, Sequence[str]]) -> Step:
    own = step.get("step_extensions", {}).get(EXTENSION, {})
    checklist = own.get("checklist", [])
    return Step(
        id=key,
        type=step["type"],
        name=(step.get("name", "").strip() or step.get("condition", "").strip() or step["type"])[:NAME_MAX],
        description=step.get("description", "").strip(),
        commands=tuple(_command(command) for command in step.get("commands", ())),
        after=tuple(before[key]),
        outcomes=following(step) if step["type"] in DECISIONS else {},
        is_blocking=own.get("blocking") is True,
        phase=str(own.get("phase", ""))[:64],
        touches_organisation=own.get("touches_organisation") is True,
        checklist=tuple(_item(item) for item in checklist[:50]) if isinstance(checklist, list) else (),
    )


def _item(said: object) -> str:
    """Return an item of a checklist in one line, as a task has it."""
    return " ".join(str(said).split())[:NAME_MAX]


def _command(command: Mapping[str, Any]) -> str:
    """Return a command as a person reads it: what kind it is, and its words."""
    words = command.get("command") or command.get("description") or ""
    return f"{command.get('type', '')}: {words}".strip(": ").strip()


def _remarks(workflow: Mapping[str, Any], order: Sequence[str], body: Mapping[str, Any]) -> list[str]:
    remarks = [f"{key}: nothing leads to this step" for key in workflow if key not in set(order)]
    remarks += [
        f"{key}: the name should be its type, -- and a UUID" for key in workflow if not _is_named(key, workflow)
    ]
    defined = {**_definitions(body, "agent_definitions"), **_definitions(body, "target_definitions")}
    remarks += [
        f"{key}: {kind!r} is no agent or target of the standard"
        for key, kind in defined.items()
        if kind not in AGENT_TYPES
    ]
    for key in order:
        step = workflow[key]
        named = [step["agent"]] if isinstance(step.get("agent"), str) else []
        named += [one for one in step.get("targets", ()) if isinstance(one, str)]
        remarks += [f"{key}: {name!r} is not defined" for name in named if name not in defined]
        kinds = {str(command.get("type")) for command in step.get("commands", ())}
        remarks += [f"{key}: {kind!r} is no command of the standard" for kind in sorted(kinds - COMMAND_TYPES)]
    return remarks


def _is_named(key: str, workflow: Mapping[str, Any]) -> bool:
    match = _ID.fullmatch(key)
    return match is not None and match[1] == workflow[key]["type"]


def _definitions(body: Mapping[str, Any], name: str) -> dict[str, str]:
    found = body.get(name, {})
    if not isinstance(found, dict):
        return {}
    return {key: str(value.get("type")) for key, value in found.items() if isinstance(value, dict)}
