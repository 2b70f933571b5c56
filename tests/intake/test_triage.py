"""What becomes of reports: each decision with its reason, for one or for many, and the way back."""

from datetime import timedelta
from uuid import UUID

import pytest

from pehra.incidents import api as incidents
from pehra.intake import api as intake
from pehra.intake.api import Act, Channel, Chosen, Filters, Reporter, Said, State
from pehra.intake.models import Report
from pehra.intake.rules.states import MOVES
from pehra.kernel.actors import Actor, system
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.law import api as law
from pehra.ledger import api as ledger

pytestmark = pytest.mark.usefixtures("country")


def these(*receipts: intake.Receipt) -> Chosen:
    """Those very reports."""
    return Chosen(references=tuple(receipt.reference for receipt in receipts))


def row_of(receipt: intake.Receipt) -> Report:
    """The row behind a receipt."""
    return Report.objects.get(reference=receipt.reference)


def an_incident(by: Actor, at, **facts) -> incidents.IncidentView:
    """An incident that is open already."""
    return incidents.open_incident(
        title="open since yesterday",
        organisations=[],
        facts=law.IncidentFacts(taxonomy="intrusions", severity="high", **facts),
        moments={},
        marking=law.sharing(law.load("pk"), entity=law.EntityFacts(), on=at.date()),
        by=by,
        at=at,
    )


class TestOpen:
    def test_what_the_reporter_said_becomes_the_facts(self, reported, sector_analyst, at):
        receipt = reported(
            "files are locked",
            title="Billing is down",
            organisation="org-0001",
            taxonomy="availability",
            type="outage",
            tlp=Tlp.RED,
            moments={"occurrence": at - timedelta(hours=5), "discovery": at + timedelta(days=1)},
            attributes=("ransomware",),
        )
        opened = intake.open_incident(reference=receipt.reference, by=sector_analyst, at=at)
        page = incidents.incident(opened.reference, by=system("test"))
        assert (opened.title, opened.taxonomy, opened.tlp) == ("Billing is down", "availability", "TLP:RED")
        assert opened.organisation == "org-0001"
        assert (page.attributes, page.attributes_absent) == (("ransomware",), ()), "what was not ticked was not denied"
        assert page.because[0]["facts"]["reported"] == ["ransomware"]
        assert page.summary == "files are locked"
        assert [moment.name for moment in page.moments] == ["occurrence"]
        assert page.because[0]["facts"]["report"] == receipt.reference
        row = row_of(receipt)
        assert (row.state, row.incident) == (State.OPENED, opened.reference)

    def test_what_it_says_is_owed_then_and_what_it_does_not_say_is_asked(self, reported, analyst, at):
        said = {"organisation": "org-0002", "taxonomy": "intrusions", "type": "system-compromise"}
        ticked = reported("locked", **said, attributes=("ransomware", "widespread"))
        opened = intake.open_incident(reference=ticked.reference, by=analyst, at=at)
        page = incidents.incident(opened.reference, by=system("test"))
        assert page.attributes == ("ransomware",), "how far it has spread is counted"
        assert page.unknown_attributes == ("breach-established",)
        assert opened.severity == "high", "graded by what was said"
        (entry,) = [entry for entry in page.timeline if entry.event == "incidents.opened"]
        assert entry.facts["attributes"] == {"ransomware": True}
        assert entry.facts["said_by"] == ticked.reference
        established = reported("again", **said)
        older = ["breach-established", "of-an-older-profile"]
        Report.objects.filter(reference=established.reference).update(attributes=older)
        owed = intake.open_incident(reference=established.reference, by=analyst, at=at)
        (clock,) = [clock for clock in owed.clocks if clock.duty == "sbp-breach-report"]
        assert "incident.attributes.breach-established" not in clock.missing
        silent = reported("silent", **said)
        page = incidents.incident(
            intake.open_incident(reference=silent.reference, by=analyst, at=at).reference, by=system("test")
        )
        assert page.attributes is None
        assert not {"attributes", "said_by"} & page.timeline[0].facts.keys()

    def test_a_person_may_say_otherwise(self, reported, analyst, at):
        receipt = reported(title="virus", taxonomy="malicious-code")
        opened = intake.open_incident(
            reference=receipt.reference, title="Fraud", taxonomy="fraud", severity="high", by=analyst, at=at
        )
        assert (opened.title, opened.taxonomy, opened.severity) == ("Fraud", "fraud", "high")

    def test_once_and_never_undone(self, reported, analyst, at):
        receipt = reported()
        intake.open_incident(reference=receipt.reference, by=analyst, at=at)
        with pytest.raises(intake.MoveRefused):
            intake.open_incident(reference=receipt.reference, by=analyst, at=at)
        (act,) = intake.report(receipt.reference, by=analyst).acts
        assert not act.is_undoable
        with pytest.raises(intake.MoveRefused, match="end it by its own states"):
            intake.undo(token=act.id, by=analyst, at=at)
        assert len(incidents.incidents(by=analyst).rows) == 1


class TestWhatWasSeenGoesOn:
    @pytest.fixture
    def values(self, at):
        return lambda ref: {row.value for row in incidents.observables(ref=ref, by=system("test"), at=at)}

    def test_into_the_incident_once_with_the_report_named(self, reported, analyst, at, values):
        first = reported("see 198.18.2.9 and hxxp://evil[.]example/x")
        opened = intake.open_incident(reference=first.reference, by=analyst, at=at)
        assert values(opened.reference) == {"198.18.2.9", "http://evil.example/x"}
        second = reported("again 198.18.2.9, now 198.18.2.10")
        intake.join(chosen=these(second), incident=opened.reference, by=analyst, at=at)
        assert values(opened.reference) == {"198.18.2.9", "198.18.2.10", "http://evil.example/x"}

    def test_an_exercise_stays_one(self, reported, analyst, at):
        receipt = reported("drill", exercise=True)
        opened = intake.open_incident(reference=receipt.reference, by=analyst, at=at)
        assert incidents.incident(opened.reference, by=analyst).incident.exercise

    def test_what_was_not_reported_as_practised_may_be_opened_so_before_anybody_is_told(self, reported, analyst, at):
        opened = intake.open_incident(reference=reported("drill").reference, exercise=True, by=analyst, at=at)
        assert incidents.incident(opened.reference, by=analyst).incident.exercise
        real = intake.open_incident(reference=reported("no drill").reference, by=analyst, at=at)
        assert not incidents.incident(real.reference, by=analyst).incident.exercise


class TestJoin:
    def test_both_histories_say_so_and_it_can_be_taken_back(self, reported, analyst, at):
        known, receipt = an_incident(analyst, at), reported()
        done = intake.join(chosen=these(receipt), incident=known.reference, by=analyst, at=at)
        assert (row_of(receipt).state, row_of(receipt).incident) == (State.JOINED, known.reference)
        assert "intake.joined" in [entry.event for entry in ledger.history(subject=known.reference, by=analyst)]
        intake.undo(token=done.token, by=analyst, at=at + timedelta(days=3))
        assert (row_of(receipt).state, row_of(receipt).incident) == (State.RECEIVED, "")

    def test_not_an_ended_one_nor_one_that_is_hidden(self, reported, analyst, sector_analyst, at):
        receipt = reported(organisation="org-0001")
        ended = an_incident(analyst, at)
        incidents.move(ref=ended.reference, to="dismissed", reason="test", by=analyst, at=at)
        with pytest.raises(Invalid):
            intake.join(chosen=these(receipt), incident=ended.reference, by=analyst, at=at)
        hidden = an_incident(analyst, at)
        assert sector_analyst.teams.isdisjoint(hidden.teams)
        with pytest.raises(NotVisible):
            intake.join(chosen=these(receipt), incident=hidden.reference, by=sector_analyst, at=at)


class TestMerge:
    def test_undone_days_later_nothing_is_lost(self, reported, analyst, at):
        head, first, second = reported("one"), reported("two 198.18.2.9"), reported("three")
        before = {receipt.reference: row_of(receipt) for receipt in (first, second)}
        done = intake.merge(chosen=these(first, second), into=head.reference, reason="one matter", by=analyst, at=at)
        assert set(intake.report(head.reference, by=analyst).merged) == {first.reference, second.reference}
        # Two days on: the head was opened, one of the merged got more.
        later = at + timedelta(days=2)
        intake.open_incident(reference=head.reference, by=analyst, at=later)
        intake.add(
            channel=Channel.FORM, raw=b"more", media_type="text/plain", said=Said(description="and four"),
            token=first.token, by=system("intake"), at=later,
        )  # fmt: skip
        assert row_of(first).has_news
        undone = intake.undo(token=done.token, by=analyst, at=later)
        assert (undone.count, undone.left) == (2, ())
        for receipt in (first, second):
            row, old = row_of(receipt), before[receipt.reference]
            assert (row.state, row.merged_into_id, row.state_reason) == (State.RECEIVED, None, "")
            assert (row.lead_team, row.teams, row.group, row.received_at) == (
                old.lead_team, old.teams, old.group, old.received_at,
            )  # fmt: skip
        assert row_of(first).submissions.count() == 2
        assert row_of(first).observables.count() == 1
        events = [entry.event for entry in ledger.history(subject=first.reference, by=analyst)]
        assert events == ["intake.received", "intake.merged", "intake.added", "intake.merged.undone"]

    def test_into_one_that_is_merged_means_its_head(self, reported, analyst, at):
        head, middle, last = reported("1"), reported("2"), reported("3")
        intake.merge(chosen=these(middle), into=head.reference, reason="x", by=analyst, at=at)
        intake.merge(chosen=these(last), into=middle.reference, reason="x", by=analyst, at=at)
        assert row_of(last).merged_into_id == head.report

    def test_neither_into_itself_nor_with_others_behind_it(self, reported, analyst, at):
        head, other, third = reported("1"), reported("2"), reported("3")
        with pytest.raises(Invalid):
            intake.merge(chosen=these(head), into=head.reference, reason="x", by=analyst, at=at)
        intake.merge(chosen=these(other), into=head.reference, reason="x", by=analyst, at=at)
        with pytest.raises(intake.MoveRefused):
            intake.merge(chosen=these(head), into=third.reference, reason="x", by=analyst, at=at)

    def test_nobodys_undoing_leaves_reports_behind_each_other_where_no_queue_shows_them(self, reported, analyst, at):
        one, other, third = reported("1"), reported("2"), reported("3")
        intake.merge(chosen=these(one), into=other.reference, reason="x", by=analyst, at=at)
        done = intake.reopen(chosen=these(one), reason="two matters", by=analyst, at=at)
        for head in (one, third):
            behind = intake.merge(chosen=these(other), into=head.reference, reason="x", by=analyst, at=at)
            with pytest.raises(intake.MoveRefused, match="decided about since"):
                intake.undo(token=done.token, by=analyst, at=at)
            assert row_of(one).state == State.RECEIVED
            intake.undo(token=behind.token, by=analyst, at=at)
        intake.merge(chosen=these(third), into=one.reference, reason="x", by=analyst, at=at)
        with pytest.raises(intake.MoveRefused):
            intake.undo(token=done.token, by=analyst, at=at)
        intake.reopen(chosen=these(third), reason="x", by=analyst, at=at)
        assert intake.undo(token=done.token, by=analyst, at=at).count == 1
        assert (row_of(one).state, row_of(one).merged_into_id) == (State.MERGED, other.report)


class TestDismiss:
    def test_only_with_a_reason_and_more_of_it_brings_it_back(self, reported, analyst, at):
        receipt = reported()
        with pytest.raises(Invalid, match="say why"):
            intake.dismiss(chosen=these(receipt), reason=" ", by=analyst, at=at)
        intake.dismiss(chosen=these(receipt), reason="a prank", by=analyst, at=at)
        assert (row_of(receipt).state, row_of(receipt).state_reason) == (State.DISMISSED, "a prank")
        intake.add(
            channel=Channel.FORM, raw=b"no!", media_type="text/plain", said=Said(description="no prank"),
            token=receipt.token, by=system("intake"), at=at,
        )  # fmt: skip
        assert row_of(receipt).state == State.RECEIVED

    def test_reopened_by_hand(self, reported, analyst, at):
        receipt = reported()
        intake.dismiss(chosen=these(receipt), reason="a prank", by=analyst, at=at)
        intake.reopen(chosen=these(receipt), reason="it was none", by=analyst, at=at)
        assert row_of(receipt).state == State.RECEIVED


class TestWhoDecides:
    def test_an_informed_team_reads_and_does_not_decide(self, reported, at, analyst, provincial_analyst):
        receipt = reported(organisation="org-0003")
        Report.objects.filter(id=receipt.report).update(
            teams=["pkcert", "punjab-cert"], working_teams=["pkcert"], lead_team="pkcert"
        )
        assert not intake.report(receipt.reference, by=provincial_analyst).may_decide
        with pytest.raises(Forbidden):
            intake.dismiss(chosen=these(receipt), reason="x", by=provincial_analyst, at=at)
        everything = Chosen(filters=Filters(state="any"))
        assert intake.preview(act=Act.DISMISS, chosen=everything, by=provincial_analyst).count == 0
        assert intake.preview(act=Act.DISMISS, chosen=everything, by=analyst).count == 1

    def test_an_informed_team_takes_back_nothing(self, reported, at, analyst, provincial_analyst):
        receipt = reported()
        Report.objects.filter(id=receipt.report).update(teams=["pkcert", "punjab-cert"], working_teams=["pkcert"])
        done = intake.dismiss(chosen=these(receipt), reason="x", by=analyst, at=at)
        with pytest.raises(Forbidden):
            intake.undo(token=done.token, by=provincial_analyst, at=at)
        assert row_of(receipt).state == State.DISMISSED

    def test_who_works_on_a_part_takes_back_no_half(self, reported, at, analyst, provincial_analyst):
        ours, theirs = reported("one"), reported("two")
        Report.objects.filter(id=theirs.report).update(
            teams=["pkcert", "punjab-cert"], working_teams=["pkcert", "punjab-cert"]
        )
        done = intake.dismiss(chosen=these(ours, theirs), reason="x", by=analyst, at=at)
        with pytest.raises(Forbidden):
            intake.undo(token=done.token, by=provincial_analyst, at=at)
        assert intake.undo(token=done.token, by=analyst, at=at).count == 2

    def test_what_one_may_not_see_is_not_there(self, reported, at, sector_analyst, organisation_contact):
        receipt = reported()
        Report.objects.filter(id=receipt.report).update(teams=["pkcert"], working_teams=["pkcert"])
        for by in (sector_analyst, organisation_contact):
            with pytest.raises(NotVisible):
                intake.report(receipt.reference, by=by)
            with pytest.raises(NotVisible):
                intake.dismiss(chosen=these(receipt), reason="x", by=by, at=at)

    def test_an_organisation_does_not_read_triage_of_its_own_report(self, reported, organisation_contact):
        mine = reported(by=organisation_contact, reporter=Reporter(organisation="org-0001"))
        with pytest.raises(NotVisible):
            intake.report(mine.reference, by=organisation_contact)
        assert intake.reports(by=organisation_contact, filters=Filters()).rows == ()


class TestAssignAndHandOver:
    def test_to_oneself_and_to_nobody_but_not_to_a_stranger(self, reported, analyst, stranger, at):
        receipt = reported()
        intake.assign(chosen=these(receipt), assignee=analyst.id, by=analyst, at=at)
        assert row_of(receipt).assignee == analyst.id
        with pytest.raises(Invalid):
            intake.assign(chosen=these(receipt), assignee=stranger.id, by=analyst, at=at)
        intake.assign(chosen=these(receipt), assignee="", by=analyst, at=at)
        assert row_of(receipt).assignee == ""

    def test_another_team_leads_is_told_and_the_former_reads_on(self, reported, analyst, provincial_analyst, at):
        receipt = reported()
        Report.objects.filter(id=receipt.report).update(teams=["pkcert"], working_teams=["pkcert"], told_at=at)
        done = intake.hand_over(chosen=these(receipt), team="punjab-cert", reason="theirs", by=analyst, at=at)
        row = row_of(receipt)
        assert (row.lead_team, row.teams, row.told_at) == ("punjab-cert", ["punjab-cert", "pkcert"], None)
        assert intake.report(receipt.reference, by=provincial_analyst).may_decide
        assert intake.tell_teams(by=system("intake"), at=at + timedelta(hours=1)) == 1
        intake.undo(token=done.token, by=analyst, at=at)
        assert row_of(receipt).teams == ["pkcert"]


class TestManyAtOnce:
    def test_what_came_after_the_preview_is_not_decided(self, reported, analyst, at):
        early = [reported(f"spam {number}") for number in range(5)]
        chosen = Chosen(filters=Filters(search="spam"))
        shown = intake.preview(act=Act.DISMISS, chosen=chosen, by=analyst)
        assert (shown.count, shown.passed_over, shown.teams) == (5, 0, ("pkcert",))
        late = reported("spam late", on=at + timedelta(minutes=1))
        done = intake.dismiss(
            chosen=Chosen(filters=Filters(search="spam"), up_to=shown.up_to), reason="spam", by=analyst, at=at
        )
        assert done.count == 5
        assert row_of(late).state == State.RECEIVED
        assert {row_of(one).state for one in early} == {State.DISMISSED}

    def test_taken_back_at_once_but_what_was_decided_since_stays(self, reported, analyst, at):
        receipts = [reported(f"{number}") for number in range(4)]
        done = intake.dismiss(chosen=Chosen(filters=Filters()), reason="all of them", by=analyst, at=at)
        intake.reopen(chosen=these(receipts[0]), reason="but this", by=analyst, at=at)
        intake.open_incident(reference=receipts[0].reference, by=analyst, at=at)
        undone = intake.undo(token=done.token, by=analyst, at=at + timedelta(minutes=1))
        assert (undone.count, undone.left) == (3, (receipts[0].reference,))
        assert row_of(receipts[0]).state == State.OPENED
        with pytest.raises(intake.MoveRefused, match="already"):
            intake.undo(token=done.token, by=analyst, at=at)

    def test_opening_is_never_done_to_all(self, reported, analyst, at):
        reported()
        with pytest.raises(Invalid):
            intake.preview(act=Act.OPEN, chosen=Chosen(filters=Filters()), by=analyst)

    def test_an_act_of_others_is_not_there(self, reported, analyst, provincial_analyst, at):
        receipt = reported()
        Report.objects.filter(id=receipt.report).update(teams=["pkcert"], working_teams=["pkcert"])
        done = intake.dismiss(chosen=these(receipt), reason="x", by=analyst, at=at)
        with pytest.raises(NotVisible):
            intake.undo(token=done.token, by=provincial_analyst, at=at)
        with pytest.raises(NotVisible):
            intake.undo(token=UUID(int=7), by=analyst, at=at)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("act", [Act.JOIN, Act.MERGE, Act.DISMISS, Act.REOPEN])
def test_every_act_follows_the_table_of_moves(reported, analyst, at, state, act):
    """From each state to each other, by the doors: what the table does not hold is refused and changes nothing."""
    receipt, head, known = reported("it"), reported("head"), an_incident(analyst, at)
    values = {"state": state, "incident": known.reference if state in (State.OPENED, State.JOINED) else ""}
    values["merged_into_id"] = head.report if state is State.MERGED else None
    Report.objects.filter(id=receipt.report).update(**values)
    doors = {
        Act.JOIN: lambda **how: intake.join(incident=known.reference, **how),
        Act.MERGE: lambda **how: intake.merge(into=head.reference, **how),
        Act.DISMISS: intake.dismiss,
        Act.REOPEN: intake.reopen,
    }
    target = {Act.JOIN: State.JOINED, Act.MERGE: State.MERGED, Act.DISMISS: State.DISMISSED, Act.REOPEN: State.RECEIVED}
    if target[act] in MOVES[state]:
        doors[act](chosen=these(receipt), reason="r", by=analyst, at=at)
        assert row_of(receipt).state == target[act]
    else:
        with pytest.raises(intake.MoveRefused):
            doors[act](chosen=these(receipt), reason="r", by=analyst, at=at)
        assert row_of(receipt).state == state
