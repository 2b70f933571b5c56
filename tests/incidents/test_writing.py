"""Notes, what is not yet written down, the timeline and lessons at the door."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pehra.access import api as access
from pehra.incidents import api
from pehra.incidents.api import Aim, IncidentView, LessonRefused, LessonState, NoteChanged
from pehra.incidents.gateways.markdown import NOTE_BYTES_MAX, html_of
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


@pytest.fixture
def ref(opened: IncidentView) -> str:
    """Its reference."""
    return opened.reference


# Notes


def test_a_note_keeps_what_it_said_before(ref: str, sector_analyst: Actor, analyst: Actor, at: datetime) -> None:
    api.add_note(ref=ref, text="# First\n\none", by=sector_analyst, at=at)
    later = at + timedelta(hours=1)
    api.change_note(ref=ref, number=1, text="# First\n\ntwo", version=1, by=analyst, at=later)
    (note,) = api.notes(ref, by=sector_analyst)
    assert (note.text, note.version, note.written_by, note.changed_by) == (
        "# First\n\ntwo",
        2,
        sector_analyst.id,
        analyst.id,
    )
    assert [said.text for said in api.note_versions(ref, 1, by=analyst)] == ["# First\n\ntwo", "# First\n\none"]


def test_who_comes_second_is_told_and_overwrites_nothing(ref: str, analyst: Actor, at: datetime) -> None:
    api.add_note(ref=ref, text="one", by=analyst, at=at)
    api.change_note(ref=ref, number=1, text="two", version=1, by=analyst, at=at)
    with pytest.raises(NoteChanged):
        api.change_note(ref=ref, number=1, text="three", version=1, by=analyst, at=at)
    assert api.notes(ref, by=analyst)[0].text == "two"


def test_a_note_for_one_team_is_that_teams_alone(
    ref: str, sector_analyst: Actor, analyst: Actor, organisation_contact: Actor, at: datetime
) -> None:
    api.add_note(ref=ref, text="ours", team="ntcert", by=sector_analyst, at=at)
    assert api.notes(ref, by=analyst) == ()
    assert [note.team for note in api.notes(ref, by=sector_analyst)] == ["ntcert"]
    with pytest.raises(NotVisible):
        api.change_note(ref=ref, number=1, text="theirs", version=1, by=analyst, at=at)
    with pytest.raises(Invalid, match="one of yours"):
        api.add_note(ref=ref, text="x", team="pkcert", by=sector_analyst, at=at)
    of_two = replace(analyst, teams=analyst.teams | {"punjab-cert"})
    with pytest.raises(Invalid, match="all teams of the incident"):
        api.add_note(ref=ref, text="x", team="punjab-cert", by=of_two, at=at)
    with pytest.raises(NotVisible):
        api.notes(ref, by=organisation_contact)
    said = [entry.facts for entry in ledger.history(subject=ref, by=analyst) if "note" in entry.event]
    assert said == [{"note": 1, "team": "ntcert"}]


def test_a_note_that_another_team_does_not_see_takes_its_number_and_stops_nobody(
    ref: str, sector_analyst: Actor, analyst: Actor, at: datetime
) -> None:
    with access.bound(actor=sector_analyst):
        api.add_note(ref=ref, text="ours", team="ntcert", by=sector_analyst, at=at)
    with access.bound(actor=analyst):
        assert api.add_note(ref=ref, text="for all", by=analyst, at=at).number == 2


@pytest.mark.parametrize("text", ["", "   ", "x" * (NOTE_BYTES_MAX + 1), "ہ" * (NOTE_BYTES_MAX // 2 + 1), "a\x00b"])
def test_what_is_no_note_is_refused(ref: str, analyst: Actor, at: datetime, text: str) -> None:
    with pytest.raises(Invalid):
        api.add_note(ref=ref, text=text, by=analyst, at=at)


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("<script>alert(1)</script>", "<script"),
        ('<img src=x onerror="alert(1)">', "<img"),
        ("![x](https://spy.example/x.png)", "<img"),
        ("[x](javascript:alert(1))", "href"),
        ("[x](data:text/html,x)", "href"),
        ('<a href="x" style="position:fixed">x</a>', "<a "),
        ("```\n</code></pre><script>\n```", "<script"),
    ],
)
def test_markdown_renders_nothing_that_runs_or_fetches(text: str, never: str) -> None:
    assert never not in html_of(text)


def test_markdown_finds_the_direction_of_each_block_and_starts_below_the_pages_titles() -> None:
    shown = html_of("# عنوان\n\n- one\n- دو\n\n`198.51.100.7` [a](https://a.example)")
    assert '<h3 dir="auto">' in shown
    assert shown.count('dir="auto"') >= 4
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert "<code>198.51.100.7</code>" in shown


@pytest.mark.parametrize("mark", ["[", "![", "[](", "|a\n|-\n", "**a", "a**b_", "<", "&", "`a", "a\n\n", "> "])
def test_the_worst_note_is_shown_in_bounded_time(mark: str) -> None:
    text = (mark * NOTE_BYTES_MAX)[:NOTE_BYTES_MAX]
    began = time.process_time()
    shown = html_of(text)
    assert time.process_time() - began < 3
    assert shown.startswith(("<p", "<pre", "<blockquote", "<table"))


# What is not yet written down


def test_what_was_typed_stays_and_is_nobody_elses(
    ref: str, analyst: Actor, sector_analyst: Actor, at: datetime
) -> None:
    for text in ("a", "a thought"):
        api.keep_unsaved(ref=ref, place="note", fields={"text": text}, by=analyst, at=at)
    assert api.unsaved(ref, by=analyst)["note"].fields == {"text": "a thought"}
    assert api.unsaved(ref, by=sector_analyst) == {}
    api.keep_unsaved(ref=ref, place="note", fields={"text": " "}, by=analyst, at=at)
    assert api.unsaved(ref, by=analyst) == {}


def test_it_leaves_no_trace_in_the_ledger(ref: str, analyst: Actor, at: datetime) -> None:
    before = len(ledger.history(subject=ref, by=analyst))
    api.keep_unsaved(ref=ref, place="timeline", fields={"line": "hush"}, by=analyst, at=at)
    assert len(ledger.history(subject=ref, by=analyst)) == before


@pytest.mark.parametrize(
    "said",
    [
        {"place": "kitchen"},
        {"place": "note-"},
        {"fields": {"Text": "x"}},
        {"fields": {f"f{number}": "x" for number in range(13)}},
        {"fields": {"text": "x" * (2 * NOTE_BYTES_MAX + 1)}},
    ],
)
def test_no_more_is_kept_than_a_form_holds(ref: str, analyst: Actor, at: datetime, said: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        api.keep_unsaved(**{"ref": ref, "place": "note", "fields": {"text": "x"}, "by": analyst, "at": at} | said)


def test_half_a_character_is_kept_as_well_as_it_can_be(ref: str, analyst: Actor, at: datetime) -> None:
    api.keep_unsaved(ref=ref, place="note", fields={"text": "a\ud800\x00b"}, by=analyst, at=at)
    assert api.unsaved(ref, by=analyst)["note"].fields == {"text": "a?b"}


def test_who_has_no_team_there_keeps_nothing(ref: str, organisation_contact: Actor, at: datetime) -> None:
    with pytest.raises(NotVisible):
        api.keep_unsaved(ref=ref, place="note", fields={"text": "x"}, by=organisation_contact, at=at)


# The timeline


def story(ref: str, by: Actor, **said: Any) -> list[tuple[int, str]]:
    return [(one.number, one.text) for one in api.timeline(ref, shown="story", by=by, **said)]


def test_event_time_and_entry_time_are_two_things(ref: str, analyst: Actor, at: datetime) -> None:
    api.add_entries(ref=ref, text="14:00 second\nyesterday 10:00 first", by=analyst, at=at)
    api.add_entries(ref=ref, text="2026-11-01 09:00 found out last", by=analyst, at=at + timedelta(hours=1))
    assert [text for _, text in story(ref, analyst)] == ["second", "first", "found out last"]
    assert [text for _, text in story(ref, analyst, by_entry=True)] == ["found out last", "second", "first"]
    last = api.timeline(ref, shown="story", by=analyst)[-1]
    assert last.entered_at == at + timedelta(hours=1)
    assert last.later == last.entered_at - last.happened_at


def test_with_a_bad_line_none_is_written(ref: str, analyst: Actor, at: datetime) -> None:
    with pytest.raises(Invalid, match="line 2"):
        api.add_entries(ref=ref, text="14:00 a\n2027-01-01 b", by=analyst, at=at)
    assert story(ref, analyst) == []


def test_a_correction_stands_for_an_entry_and_nothing_is_lost(ref: str, analyst: Actor, at: datetime) -> None:
    api.add_entries(ref=ref, text="14:00 wrong", by=analyst, at=at)
    corrected = api.correct_entry(ref=ref, number=1, text="right", by=analyst, at=at + timedelta(minutes=5))
    assert (corrected.number, corrected.corrects, corrected.happened_at.minute) == (2, 1, 0)
    first = next(one for one in api.timeline(ref, shown="story", by=analyst) if one.number == 1)
    assert (first.corrected_by, first.is_struck, first.text) == (2, True, "wrong")
    with pytest.raises(Invalid, match="stand"):
        api.correct_entry(ref=ref, number=1, text="x", by=analyst, at=at)
    taken = api.retract_entry(ref=ref, number=2, reason="another case", by=analyst, at=at)
    assert (taken.is_struck, taken.retracted_reason) == (True, "another case")
    with pytest.raises(Invalid):
        api.retract_entry(ref=ref, number=2, reason="again", by=analyst, at=at)
    events = [entry.event for entry in ledger.history(subject=ref, by=analyst)][-3:]
    assert events == [f"incidents.timeline.{act}" for act in ("added", "corrected", "retracted")]


def test_a_correction_may_move_the_moment(ref: str, analyst: Actor, at: datetime) -> None:
    api.add_entries(ref=ref, text="14:00 x", by=analyst, at=at)
    assert api.correct_entry(ref=ref, number=1, text="13:00 x", by=analyst, at=at).happened_at.hour == 8


def test_tasks_and_notes_are_pinned_to_their_moment_once(
    ref: str, sector_analyst: Actor, analyst: Actor, at: datetime
) -> None:
    api.add_task(ref=ref, title="Ports down", by=sector_analyst, at=at)
    api.move_task(ref=ref, number=1, to="done", by=sector_analyst, at=at + timedelta(hours=1))
    later = at + timedelta(hours=5)
    pinned = api.pin(ref=ref, source="task", source_ref="1", by=analyst, at=later)
    assert (pinned.text, pinned.happened_at, pinned.source) == ("Ports down", at + timedelta(hours=1), "task")
    with pytest.raises(Invalid, match="already"):
        api.pin(ref=ref, source="task", source_ref="1", by=analyst, at=later)
    api.add_note(ref=ref, text="for all", by=analyst, at=at)
    api.add_note(ref=ref, text="ours", team="ntcert", by=sector_analyst, at=at)
    assert api.pin(ref=ref, source="note", source_ref="1", by=analyst, at=later).text == "for all"
    for wrong in (("note", "2"), ("task", "9"), ("task", "x")):
        with pytest.raises(NotVisible):
            api.pin(ref=ref, source=wrong[0], source_ref=wrong[1], by=sector_analyst, at=later)
    with pytest.raises(Invalid, match="what is pinned"):
        api.pin(ref=ref, source="person", source_ref="1", by=analyst, at=later)


def test_it_is_its_teams_and_holds_what_the_ledger_recorded(
    ref: str, analyst: Actor, organisation_contact: Actor, stranger: Actor, at: datetime
) -> None:
    api.add_entries(ref=ref, text="14:00 x", by=analyst, at=at)
    every = api.timeline(ref, by=analyst)
    assert {one.event for one in every} >= {"", "incidents.opened"}
    assert not any(one.event.startswith("incidents.timeline.") for one in every)
    assert all(one.event for one in api.timeline(ref, shown="record", by=analyst))
    for actor in (organisation_contact, stranger):
        with pytest.raises(NotVisible):
            api.timeline(ref, by=actor)
    with pytest.raises(Forbidden):
        api.add_entries(ref=ref, text="x", by=replace(analyst, permissions=frozenset({"incidents.read"})), at=at)


def test_what_one_learns_late_is_written_after_the_end(ref: str, analyst: Actor, machine: Actor, at: datetime) -> None:
    api.move(ref=ref, to="dismissed", reason="none", by=machine, at=at)
    api.add_entries(ref=ref, text="14:00 x", by=analyst, at=at)
    api.add_note(ref=ref, text="x", by=analyst, at=at)
    assert story(ref, analyst) == [(1, "x")]


# Lessons


def test_a_lesson_that_changes_nothing_is_noted(ref: str, analyst: Actor, at: datetime) -> None:
    lesson = api.add_lesson(ref=ref, learnt="call earlier", by=analyst, at=at)
    assert (lesson.state, lesson.aim, lesson.moves) == (LessonState.NOTED, Aim.NONE, ())
    assert api.proposals(by=analyst) == ()


def test_a_proposal_is_answered_by_who_keeps_playbooks_and_carried_out_by_a_version(
    ref: str, analyst: Actor, sector_analyst: Actor, at: datetime
) -> None:
    said = {"aim": "rule", "subject": "notice-of-problem", "proposal": "warn at half time"}
    api.add_lesson(ref=ref, learnt="too late", by=analyst, at=at, **said)
    assert [lesson.number for lesson in api.proposals(state="proposed", by=sector_analyst)] == [1]
    answer = {"ref": ref, "number": 1, "at": at}
    with pytest.raises(Forbidden):
        api.answer_lesson(to="accepted", reason="yes", by=sector_analyst, **answer)
    lead = replace(sector_analyst, permissions=sector_analyst.permissions | {"incidents.playbooks"})
    with pytest.raises(LessonRefused):
        api.answer_lesson(to="carried-out", reason="done", result="v2", by=lead, **answer)
    with pytest.raises(Invalid):
        api.answer_lesson(to="accepted", reason=" ", by=lead, **answer)
    api.answer_lesson(to="accepted", reason="yes", by=lead, **answer)
    with pytest.raises(Invalid):
        api.answer_lesson(to="carried-out", reason="done", by=lead, **answer)
    done = api.answer_lesson(to="carried-out", reason="done", result="2026-12", by=lead, **answer)
    assert (done.state, done.result) == (LessonState.CARRIED_OUT, "2026-12")
    assert api.proposals(state="proposed", by=lead) == ()


@pytest.mark.parametrize(
    "said",
    [
        {"learnt": " "},
        {"aim": "law"},
        {"aim": "rule", "proposal": "x"},
        {"aim": "rule", "subject": "x"},
        {"aim": "playbook", "subject": "playbook--none", "proposal": "x"},
    ],
)
def test_what_is_no_lesson_is_refused(ref: str, analyst: Actor, at: datetime, said: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        api.add_lesson(**{"ref": ref, "learnt": "x", "by": analyst, "at": at} | said)
