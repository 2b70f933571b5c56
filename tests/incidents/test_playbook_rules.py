"""CACAO playbooks: what is followed, what is refused, and which steps a decision leaves behind."""

import json
from typing import Any

import pytest

from pehra.incidents.rules import playbook_steps, playbooks
from pehra.incidents.rules.playbooks import PlaybookInvalid
from tests.incidents import samples
from tests.incidents.samples import ASK, BOTH, END, ISOLATE, REBUILD, RESTORE, TELL


def test_steps_come_in_an_order_in_which_a_person_can_do_them() -> None:
    read = playbooks.read(samples.document())
    assert [step.id for step in read.steps] == [ISOLATE, TELL, ASK, RESTORE, REBUILD]
    after = {step.id: step.after for step in read.steps}
    assert after[ISOLATE] == after[TELL] == ()
    assert set(after[ASK]) == {ISOLATE, TELL}
    assert after[RESTORE] == after[REBUILD] == (ASK,)


def test_what_the_standard_has_no_word_for_stands_in_the_steps_extension() -> None:
    (isolate, *others) = playbooks.read(samples.document()).steps
    assert (isolate.is_blocking, isolate.phase, isolate.touches_organisation) == (True, "respond", True)
    assert isolate.checklist == ("Ports down", "Nobody rebooted anything")
    assert not any(step.is_blocking or step.touches_organisation for step in others)


def test_a_step_without_words_is_called_by_its_kind_and_an_item_is_a_line() -> None:
    body = samples.playbook()
    body["workflow"][ISOLATE]["name"] = "  "
    body["workflow"][ISOLATE]["step_extensions"][playbook_steps.EXTENSION]["checklist"] = ["a\nb", 7]
    step = playbooks.read(samples.document(body)).steps[0]
    assert (step.name, step.checklist) == ("action", ("a b", "7"))


def test_a_command_is_shown_and_never_hidden() -> None:
    assert playbooks.read(samples.document()).steps[0].commands == ("manual: Ask the operator to pull the ports",)


def test_a_decision_leaves_the_other_way_behind_and_nothing_else() -> None:
    ways = playbooks.read(samples.document()).ways
    left = playbook_steps.untaken(ways, start=samples.START, decided={ASK: "on_true"})
    assert left == {REBUILD}
    assert playbook_steps.untaken(ways, start=samples.START, decided={ASK: "on_false"}) == {RESTORE}
    assert playbook_steps.untaken(ways, start=samples.START, decided={}) == set()


def test_a_loop_ends_and_no_step_waits_for_itself() -> None:
    body = samples.playbook()
    again = samples.step("while-condition", 20)
    body["workflow"][RESTORE]["on_completion"] = again
    loop = {"condition": "not whole", "on_true": RESTORE, "on_false": END}
    body["workflow"][again] = {"type": "while-condition", **loop}
    steps = {step.id: step.after for step in playbooks.read(samples.document(body)).steps}
    assert steps[again] == (RESTORE,)
    assert steps[RESTORE] == (ASK,)


def test_once_more_round_a_loop_leaves_nothing_behind_and_its_end_leaves_the_body() -> None:
    body = samples.playbook()
    again = samples.step("while-condition", 20)
    body["workflow"][ISOLATE]["on_completion"] = again
    body["workflow"][again] = {"type": "while-condition", "on_true": TELL, "on_false": ASK}
    body["workflow"][TELL]["on_completion"] = END
    body["workflow"][samples.START]["on_completion"] = ISOLATE
    ways = playbooks.read(samples.document(body)).ways
    assert playbook_steps.untaken(ways, start=samples.START, decided={again: "on_true"}) == set()
    assert playbook_steps.untaken(ways, start=samples.START, decided={again: "on_false"}) == {TELL}


@pytest.mark.parametrize(
    ("decision", "outcomes"),
    [
        ({"type": "if-condition", "on_true": RESTORE}, ("on_true", "on_false")),
        ({"type": "if-condition"}, ("on_true", "on_false")),
        ({"type": "switch-condition", "cases": {"a": RESTORE}}, ("case: a", "case: default")),
    ],
)
def test_a_decision_can_be_answered_where_the_playbook_leaves_a_way_out(decision: Any, outcomes: Any) -> None:
    body = samples.playbook()
    body["workflow"][ASK] = decision | {"on_completion": END}
    ways = playbooks.read(samples.document(body)).ways
    assert playbook_steps.outcomes_of(ways[ASK]) == outcomes
    assert playbook_steps.outcomes_of(ways[ISOLATE]) == ()
    if RESTORE in ways[ASK][outcomes[0]]:
        assert playbook_steps.untaken(ways, start=samples.START, decided={ASK: outcomes[-1]}) == {RESTORE}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda body: body.update(type="bundle"), "type:"),
        (lambda body: body.update(spec_version="1.1"), "spec_version"),
        (lambda body: body.pop("created_by"), "created_by"),
        (lambda body: body.update(id="playbook--1"), "id: must be"),
        (lambda body: body.update(modified="yesterday"), "modified: must be"),
        (lambda body: body.update(modified=f"2026-10-01T08:00:00.{'0' * 40}Z"), "modified: must be"),
        (lambda body: body["workflow"].update({"x" * 121: {"type": "end"}}), "at most 120 characters"),
        (lambda body: body.update(workflow_start="start--none"), "there is no step 'start--none'"),
        (lambda body: body.update(workflow_start=ISOLATE), "must name a step of type start"),
        (
            lambda body: body["workflow"][ISOLATE].update(on_completion="action--none"),
            "there is no step 'action--none'",
        ),
        (lambda body: body["workflow"][BOTH].update(next_steps="all"), "next_steps: must be a list"),
        (lambda body: body["workflow"][ISOLATE].update(type="dance"), "'dance' is no type of step"),
        (lambda body: body["workflow"].update({END: []}), "must be an object"),
        (lambda body: body["workflow"][END].update(on_completion=ISOLATE), "nothing comes after an end"),
        (lambda body: body["workflow"][samples.START].update(on_completion=END), "nothing to do"),
        (lambda body: body.update(name="\ud800"), "half a character"),
        (lambda body: body.update(name="a\x00b"), "NUL"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_its_place(change: Any, says: str) -> None:
    body = samples.playbook()
    change(body)
    with pytest.raises(PlaybookInvalid) as refused:
        playbooks.read(json.dumps(body).encode())
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"[]", "JSON object"),
        (b"{", "not JSON"),
        (b'{"type": "playbook", "type": "playbook"}', "twice"),
        (b'{"type": NaN}', "no number"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 200_000, "deep"),
        (b" " * (playbooks.DOCUMENT_BYTES_MAX + 1), "at most"),
    ],
)
def test_what_is_no_document_is_refused(document: bytes, says: str) -> None:
    with pytest.raises(PlaybookInvalid) as refused:
        playbooks.read(document)
    assert says in refused.value.message


def test_what_is_unusual_is_remarked_and_followed() -> None:
    body = samples.playbook(modified="2026-09-01T08:00:00.000Z", signatures=[{}])
    body["workflow"][TELL]["commands"] = [{"type": "pong"}]
    body["agent_definitions"]["odd--1"] = {"type": "oracle", "name": "x"}
    remarks = " ".join(playbooks.read(samples.document(body)).remarks)
    for said in ("modified is before created", "signatures", "'pong' is no command", "'oracle' is no agent"):
        assert said in remarks


def test_too_many_steps_are_refused() -> None:
    body = samples.playbook()
    for number in range(100, 100 + playbook_steps.STEPS_MAX):
        body["workflow"][samples.step("action", number)] = {"type": "action"}
    with pytest.raises(PlaybookInvalid, match="at most"):
        playbooks.read(samples.document(body))
