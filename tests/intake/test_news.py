"""What is added to a report after it was decided about reaches its incident, whichever road it comes by."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from pehra.incidents import api as incidents
from pehra.incidents.models import Incident, IncidentObservable
from pehra.incidents.models.joining import IncidentNews
from pehra.incidents.rules import observables as limits
from pehra.incidents.rules.next_step import Step
from pehra.intake import api as intake
from pehra.intake.api import Channel, Chosen, Said
from pehra.intake.api.handing_on import HANDED_ON_MAX
from pehra.intake.models import Report
from pehra.kernel.actors import Actor, system
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Forbidden, NotVisible
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from tests.intake.forms.test_own_report import DETAILED, FIRST, NOTIFICATION, person
from tests.intake.test_triage import an_incident, these

pytestmark = pytest.mark.usefixtures("country")
MACHINE = system("intake")
QUIET = timedelta(minutes=11)


def seen_in(reference: str) -> set[str]:
    """What an incident's own rows say was seen in it."""
    rows = IncidentObservable.objects.filter(incident__reference=reference, removed_at__isnull=True)
    return set(rows.values_list("value", flat=True))


def news_of(reference: str, by: Actor) -> list[str]:
    return [one.report for one in incidents.incident(reference, by=by).news]


def step_of(reference: str, by: Actor) -> tuple[Step, str]:
    step = incidents.heading(reference, by=by).next
    return step.step, step.report


def add(receipt: intake.Receipt, text: str, at, *, by: Actor = MACHINE, **said) -> intake.Receipt:
    """Add to a report by the secret of its receipt."""
    return intake.add(
        channel=Channel.FORM, raw=text.encode(), media_type="text/plain", said=Said(description=text, **said),
        token=receipt.token, by=by, at=at,
    )  # fmt: skip


def letter_about(receipt: intake.Receipt) -> outbox.MessageView:
    """The last letter to a team that names a report."""
    (last,) = outbox.messages(by=MACHINE, about=receipt.reference, limit=1)
    return outbox.message(message_id=last.id, by=MACHINE)


@pytest.fixture
def opened(reported, analyst, at) -> tuple[intake.Receipt, str]:
    """A report of something at 198.19.0.9, and the incident that was opened from it and taken."""
    receipt = reported("seen at 198.19.0.9", title="Odd logins")
    reference = intake.open_incident(reference=receipt.reference, by=analyst, at=at).reference
    incidents.move(ref=reference, to="open", reason="", by=analyst, at=at)
    return receipt, reference


class TestARoad:
    def test_the_secret_link_of_somebody_whom_nobody_knows(self, opened, analyst, settings):
        receipt, reference = opened
        settings.ALLOWED_HOSTS = ["*"]
        settings.STORAGES = settings.STORAGES | {
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        }
        client, link = Client(), f"/report/receipt/{receipt.token}/"
        once = re.search(r'name="once" value="([^"]+)"', client.get(link).content.decode())
        assert once
        for _ in range(2):
            client.post(link, {"once": once[1], "q-what-happened": "also hxxp://pay[.]example/x, and 198.19.0.9"})
        assert Report.objects.get().submissions.count() == 2
        assert seen_in(reference) == {"198.19.0.9", "http://pay.example/x"}
        (new,) = IncidentObservable.objects.filter(incident__reference=reference, value="http://pay.example/x")
        assert (new.source, new.source_ref, new.note) == ("report", receipt.reference, receipt.reference)
        assert news_of(reference, analyst) == [receipt.reference]
        assert step_of(reference, analyst) == (Step.READ, receipt.reference)

    def test_an_organisations_completion_over_three_days(self, machine, analyst, at):
        chief = person("org-0001")
        draft = intake.begin_own_report(organisation="org-0001", by=chief, at=at)
        intake.hand_in_own_report(draft=draft, typed=FIRST, seen="", stages=[NOTIFICATION], by=chief, at=at)
        report = Report.objects.get()
        day_two, day_three = at + timedelta(days=1), at + timedelta(days=2)
        reference = intake.open_incident(reference=report.reference, by=machine, at=day_two).reference
        form = intake.own_form(draft=draft, by=chief, at=day_three)
        lacking = next(stage for stage in form.stages if stage.name == DETAILED).progress.lacking
        known = {"began": "2026-11-22T22:00", "people": "12000", "hours-down": "5", "personal-information": "no"}
        rest = {code: (known.get(code, "they came from 198.18.2.77"),) for code in lacking}
        intake.hand_in_own_report(
            draft=draft, typed=FIRST | rest, seen=form.seen, stages=[DETAILED], by=chief, at=day_three
        )
        assert "198.18.2.77" in seen_in(reference)
        assert news_of(reference, machine) == [report.reference]
        assert not incidents.incident(reference, by=chief).news, "its organisation reads nothing of the triage"


class TestWhereItGoes:
    def test_to_the_incident_that_it_joined_and_nowhere_after_that_was_undone(self, reported, analyst, at):
        receipt, known = reported("x"), an_incident(analyst, at)
        done = intake.join(chosen=these(receipt), incident=known.reference, by=analyst, at=at)
        add(receipt, "198.18.1.1", at)
        assert seen_in(known.reference) == {"198.18.1.1"}
        assert news_of(known.reference, analyst) == [receipt.reference]
        intake.undo(token=done.token, by=analyst, at=at)
        assert not news_of(known.reference, analyst), "it is not this incident's report any more"
        add(receipt, "198.18.1.2", at)
        assert seen_in(known.reference) == {"198.18.1.1"}
        assert not news_of(known.reference, analyst)

    def test_what_came_while_it_was_back_in_the_queue_when_that_is_undone(self, reported, analyst, at):
        receipt, known = reported("x"), an_incident(analyst, at)
        intake.join(chosen=these(receipt), incident=known.reference, by=analyst, at=at)
        again = intake.reopen(chosen=these(receipt), reason="perhaps not", by=analyst, at=at)
        add(receipt, "198.18.1.1", at)
        assert not seen_in(known.reference)
        intake.undo(token=again.token, by=analyst, at=at)
        assert seen_in(known.reference) == {"198.18.1.1"}

    def test_to_the_incident_of_the_report_behind_which_it_stands(self, reported, analyst, at):
        behind, head = reported("198.18.1.1"), reported("198.18.1.2")
        intake.merge(chosen=these(behind), into=head.reference, reason="one matter", by=analyst, at=at)
        reference = intake.open_incident(reference=head.reference, by=analyst, at=at).reference
        assert seen_in(reference) == {"198.18.1.1", "198.18.1.2"}
        add(behind, "198.18.1.3", at)
        assert "198.18.1.3" in seen_in(reference)
        assert news_of(reference, analyst) == [behind.reference]
        late = reported("198.18.1.4")
        intake.merge(chosen=these(late), into=head.reference, reason="one matter", by=analyst, at=at)
        assert "198.18.1.4" in seen_in(reference)

    def test_of_a_merged_incident_to_the_whole_and_the_news_go_back_with_the_part(self, opened, analyst, at):
        receipt, part = opened
        whole = an_incident(analyst, at).reference
        incidents.move(ref=whole, to="open", reason="", by=analyst, at=at)
        incidents.merge(ref=part, into=whole, reason="one matter", by=analyst, at=at)
        add(receipt, "198.18.1.1", at)
        assert (seen_in(whole), seen_in(part)) == ({"198.18.1.1"}, {"198.19.0.9"})
        assert step_of(whole, analyst) == (Step.READ, receipt.reference)
        incidents.unmerge(ref=part, reason="two after all", by=analyst, at=at)
        assert (news_of(whole, analyst), news_of(part, analyst)) == ([], [receipt.reference])

    def test_not_to_one_that_has_ended(self, opened, analyst, at):
        receipt, reference = opened
        incidents.move(ref=reference, to="dismissed", reason="nothing", by=analyst, at=at)
        assert add(receipt, "198.18.1.1", at).number == 2, "it is kept and its reporter is told so"
        assert seen_in(reference) == {"198.19.0.9"}
        assert not news_of(reference, analyst)
        assert Report.objects.get().has_news


class TestHowMuch:
    def test_what_a_person_took_out_stays_out(self, opened, reported, analyst, at):
        _receipt, reference = opened
        row = IncidentObservable.objects.get()
        incidents.remove_observable(ref=reference, observable_id=row.id, reason="ours", by=analyst, at=at)
        other = reported("y")
        intake.join(chosen=these(other), incident=reference, by=analyst, at=at)
        add(other, "198.19.0.9 and 198.19.0.10", at)
        assert seen_in(reference) == {"198.19.0.10"}

    def test_no_more_than_an_addition_hands_on(self, opened, at):
        receipt, reference = opened
        add(receipt, " ".join(f"198.18.{number // 200}.{number % 200 + 20}" for number in range(300)), at)
        assert len(seen_in(reference)) == 1 + HANDED_ON_MAX

    def test_no_more_than_there_is_room_for(self, opened, at, monkeypatch):
        receipt, reference = opened
        monkeypatch.setattr("pehra.incidents.api.news.OBSERVABLES_MAX", 3)
        monkeypatch.setattr(limits, "OBSERVABLES_MAX", 3)
        add(receipt, "198.18.1.1 198.18.1.2 198.18.1.3 198.18.1.4", at)
        assert len(seen_in(reference)) == 3


class TestHowItIsMarked:
    @pytest.mark.parametrize(
        ("reported_as", "incident_as", "after"),
        [(Tlp.RED, Tlp.GREEN, Tlp.RED), (Tlp.GREEN, Tlp.AMBER, Tlp.AMBER)],
    )
    def test_as_strictly_as_its_strictest_report_and_never_freer(
        self, reported, analyst, at, reported_as, incident_as, after
    ):
        known = an_incident(analyst, at)
        Incident.objects.update(tlp=incident_as)
        receipt = reported("x", tlp=incident_as)
        intake.join(chosen=these(receipt), incident=known.reference, by=analyst, at=at)
        add(receipt, "198.18.1.1", at, tlp=reported_as)
        marked = Incident.objects.get()
        assert marked.tlp == after
        if after is Tlp.RED:
            assert marked.marking_because["facts"]["report"] == receipt.reference

    def test_a_source_that_loosens_its_report_loosens_no_incident(self, reported, analyst, at):
        receipt = reported("x", tlp=Tlp.RED)
        reference = intake.open_incident(reference=receipt.reference, by=analyst, at=at).reference
        add(receipt, "198.18.1.1", at, tlp=Tlp.CLEAR)
        assert Report.objects.get().tlp == Tlp.CLEAR
        assert Incident.objects.get(reference=reference).tlp == Tlp.RED

    def test_a_whole_is_as_strict_as_what_came_into_it_after_the_merge_is_undone_too(self, opened, analyst, at):
        receipt, part = opened
        whole = an_incident(analyst, at).reference
        Incident.objects.update(tlp=Tlp.AMBER)
        incidents.merge(ref=part, into=whole, reason="one matter", by=analyst, at=at)
        add(receipt, "198.18.1.1", at, tlp=Tlp.RED)
        assert Incident.objects.get(reference=whole).tlp == Tlp.RED
        incidents.unmerge(ref=part, reason="two after all", by=analyst, at=at)
        assert Incident.objects.get(reference=whole).tlp == Tlp.RED, "what was RED is in it still"


class TestReading:
    def test_clears_it_everywhere_and_stands_in_both_histories(self, opened, analyst, at):
        receipt, reference = opened
        add(receipt, "more", at)
        assert intake.read_news(reference=receipt.reference, by=analyst, at=at)
        assert not Report.objects.get().has_news
        assert not news_of(reference, analyst)
        assert step_of(reference, analyst)[0] is not Step.READ
        assert not intake.read_news(reference=receipt.reference, by=analyst, at=at), "once"
        of_report = [entry.event for entry in ledger.history(subject=receipt.reference, by=analyst)]
        assert of_report[-2:] == ["intake.added", "intake.news.read"]
        of_incident = [entry for entry in ledger.history(subject=reference, by=analyst) if "news" in entry.event]
        assert [entry.event for entry in of_incident] == ["incidents.news", "incidents.news.read"]
        assert of_incident[1].facts["reader"] == analyst.id
        add(receipt, "and more", at)
        assert news_of(reference, analyst) == [receipt.reference], "what comes later is news again"

    def test_a_decision_about_the_report_is_reading_it(self, opened, analyst, at):
        receipt, reference = opened
        add(receipt, "more", at)
        intake.assign(chosen=Chosen(references=(receipt.reference,)), assignee=analyst.id, by=analyst, at=at)
        assert not news_of(reference, analyst)

    def test_is_for_those_who_decide_about_the_report(self, opened, stranger, organisation_contact, sector_analyst, at):
        receipt, _reference = opened
        add(receipt, "more", at)
        for nobody in (stranger, organisation_contact, sector_analyst):
            with pytest.raises((NotVisible, Forbidden)):
                intake.read_news(reference=receipt.reference, by=nobody, at=at)
        row = Report.objects.get()
        row.teams, row.working_teams = [*row.teams, "ntcert"], row.teams
        row.save()
        with pytest.raises(Forbidden):
            intake.read_news(reference=receipt.reference, by=sector_analyst, at=at)
        assert Report.objects.get().has_news

    def test_who_cannot_read_the_report_is_not_sent_to_it(self, opened, analyst, sector_analyst, at):
        receipt, reference = opened
        Incident.objects.update(teams=["pkcert", "ntcert"])
        add(receipt, "more", at)
        assert not news_of(reference, sector_analyst)
        assert step_of(reference, sector_analyst)[0] is not Step.READ
        assert news_of(reference, analyst)
        assert IncidentNews.objects.get().teams == Report.objects.get().teams


class TestTheTeamIsTold:
    def test_once_until_it_is_read_and_in_words_of_its_own(self, opened, reported, analyst, at):
        receipt, _reference = opened
        Report.objects.update(told_at=at)
        add(receipt, "more", at)
        add(receipt, "and more", at)
        assert intake.tell_teams(by=MACHINE, at=at + QUIET) == 1
        add(receipt, "and yet more", at)
        assert intake.tell_teams(by=MACHINE, at=at + 2 * QUIET) == 0
        letter = letter_about(receipt)
        assert letter.subject == "more came in to 1 report that your team has decided about"
        assert receipt.reference in letter.body
        intake.read_news(reference=receipt.reference, by=analyst, at=at)
        add(receipt, "later", at)
        waits = reported("another")
        Report.objects.filter(reference=waits.reference).update(told_at=None)
        assert intake.tell_teams(by=MACHINE, at=at + 3 * QUIET) == 1
        both = letter_about(waits)
        assert f"1 report waits for your team: {waits.reference}\n" in both.body
        assert f"has decided about: {receipt.reference}\n" in both.body

    def test_of_nothing_that_was_read_before(self, opened, analyst, at):
        receipt, _reference = opened
        Report.objects.update(told_at=at)
        add(receipt, "more", at)
        intake.read_news(reference=receipt.reference, by=analyst, at=at)
        assert intake.tell_teams(by=MACHINE, at=at + QUIET) == 0
