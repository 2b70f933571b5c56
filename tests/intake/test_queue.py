"""The queue: what waits for a team, narrowed and turned page by page; groups and hints with their reason."""

import io
from datetime import timedelta

import pytest
import pyzipper

from pehra.intake import api as intake
from pehra.intake.api import Channel, Chosen, Filters, Handed, Reporter, Stated
from pehra.intake.models import Report
from pehra.intake.rules.similarity import likeness, telling_words, trigrams
from pehra.kernel.actors import system
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

pytestmark = pytest.mark.usefixtures("country")


def opened(archive: bytes, password: str) -> dict[str, bytes]:
    """What is in a sealed archive."""
    with pyzipper.AESZipFile(io.BytesIO(archive)) as packed:
        packed.setpassword(password.encode())
        return {name: packed.read(name) for name in packed.namelist()}


def found(by, **filters) -> set[str]:
    """The references that a filter finds."""
    return {row.reference for row in intake.reports(by=by, filters=Filters(**filters)).rows}


class TestFilters:
    def test_each_narrows_to_what_it_names(self, reported, analyst, at):
        plain = reported()
        exercise = reported("drill", exercise=True)
        partly = reported("half of it", is_complete=False, channel=Channel.OFFLINE)
        broken = reported("?", problem="no text in it", on=at + timedelta(hours=1))
        about = reported("theirs", organisation="org-0002")
        seen = reported("calls hxxp://evil[.]example/x")
        assert exercise.reference not in found(analyst)
        assert found(analyst, exercise=True) == {exercise.reference}
        assert found(analyst, complete=False) == {partly.reference}
        assert found(analyst, channel="offline") == {partly.reference}
        assert found(analyst, problem=True) == {broken.reference}
        assert found(analyst, since=at + timedelta(minutes=1)) == {broken.reference}
        assert found(analyst, organisation="org-0002") == {about.reference}
        assert found(analyst, observable="http://evil.example/x") == {seen.reference}
        assert found(analyst, search="half") == {partly.reference}
        assert found(analyst, search=plain.reference.lower()) == {plain.reference}
        assert found(analyst, assignee="me") == set()
        intake.assign(chosen=Chosen(references=(plain.reference,)), assignee=analyst.id, by=analyst, at=at)
        assert found(analyst, assignee="me") == {plain.reference}
        assert plain.reference not in found(analyst, assignee="nobody")

    @pytest.mark.parametrize(
        ("name", "word"),
        [("state", "gone"), ("channel", "pigeon"), ("sector", "fishery"), ("team", "no-team"), ("observable", "??")],
    )
    def test_a_word_that_nobody_knows_is_refused(self, analyst, name, word):
        with pytest.raises(Invalid):
            found(analyst, **{name: word})

    def test_read_from_an_address_and_kept_as_words(self):
        read = intake.parse_filters({"state": "any", "complete": "no", "page": "3", "exercise": ""})
        assert read == Filters(state="any", complete=False)
        assert read.as_json() == {"state": "any", "complete": False}
        with pytest.raises(Invalid) as refused:
            intake.parse_filters({"complete": "perhaps"})
        assert refused.value.field == "complete"

    def test_pages_hold_every_report_once(self, reported, analyst):
        expected = {reported(f"{number}").reference for number in range(7)}
        seen, before = [], None
        while True:
            page = intake.reports(by=analyst, filters=Filters(), before=before, limit=3)
            assert page.count == 7
            seen += [row.reference for row in page.rows]
            before = page.following
            if before is None:
                break
        assert (set(seen), len(seen)) == (expected, 7)

    def test_as_many_questions_for_many_rows_as_for_few(self, reported, analyst, django_assert_max_num_queries):
        for number in range(12):
            reported(f"{number} http://evil.example/x")
        with django_assert_max_num_queries(14):
            assert len(intake.reports(by=analyst, filters=Filters()).rows) == 12

    def test_exercises_do_not_count_as_waiting(self, reported, analyst):
        reported()
        reported("drill", exercise=True)
        assert intake.waiting(by=analyst) == {"pkcert": 1}


class TestGroupsInTheQueue:
    def test_a_flood_stands_together_with_its_reason(self, reported, analyst):
        for number in range(5):
            last = reported(f"{number} got hxxp://evil[.]example/x")
        row = next(row for row in intake.reports(by=analyst, filters=Filters()).rows if row.reference == last.reference)
        assert row.group_size == 5
        assert row.group_because[0].value == "http://evil.example/x"
        assert not row.is_duplicate
        assert len(found(analyst, group=row.group)) == 5

    def test_the_same_bytes_are_shown_as_a_duplicate(self, reported, analyst):
        first, second = reported(raw=b"same"), reported(raw=b"same")
        page = intake.report(second.reference, by=analyst)
        assert page.report.is_duplicate
        assert page.report.group_because[0].shared_with == first.reference
        assert [one.reference for one in page.group] == [first.reference]

    def test_another_teams_report_of_the_group_is_neither_named_nor_counted(self, reported, provincial_analyst):
        hidden, mine = reported(raw=b"same"), reported(raw=b"same")
        Report.objects.filter(id=hidden.report).update(teams=["pkcert"], working_teams=["pkcert"])
        Report.objects.filter(id=mine.report).update(teams=["pkcert", "punjab-cert"])
        page = intake.report(mine.reference, by=provincial_analyst)
        assert (page.report.group_size, page.group) == (1, ())
        assert page.report.group_because[0].shared_with == ""


class TestHints:
    def test_what_shares_an_observable_comes_before_what_sounds_alike(self, reported, analyst, at):
        alike = reported("An invoice by mail asks to change the account of our supplier", on=at - timedelta(days=30))
        shared = reported("something else entirely http://evil.example/x", on=at - timedelta(days=90))
        reported("weather in the mountains today", on=at - timedelta(days=10))
        receipt = reported("A mail asks to change our supplier's account by an invoice, from http://evil.example/x")
        hints = intake.report(receipt.reference, by=analyst).suggestions
        assert [hint.reference for hint in hints] == [shared.reference, alike.reference]
        assert hints[0].shared == ("http://evil.example/x",)
        assert hints[1].likeness >= 20

    def test_hints_follow_the_wall_and_never_the_future(self, reported, analyst, provincial_analyst, at):
        words = "our supplier's account was changed by an invoice"
        hidden = reported(words, on=at - timedelta(days=2))
        Report.objects.filter(id=hidden.report).update(teams=["pkcert"], working_teams=["pkcert"])
        mine = reported(words + " again")
        Report.objects.filter(id=mine.report).update(teams=["pkcert", "punjab-cert"])
        assert intake.report(mine.reference, by=provincial_analyst).suggestions == ()
        assert intake.report(hidden.reference, by=analyst).suggestions == ()

    def test_text_of_operators_cannot_break_the_question(self, reported, analyst):
        receipt = reported("quote's & pipes | and !bangs <-> (brackets) \\ back:* ''''")
        assert intake.report(receipt.reference, by=analyst).suggestions == ()

    def test_likeness_of_urdu(self):
        one = trigrams("ہمارے بینک کا پاس ورڈ چوری ہو گیا")
        assert likeness(one, trigrams("بینک کا پاس ورڈ چوری ہوا")) > 50
        assert likeness(one, trigrams("موسم آج اچھا ہے")) < 20
        assert telling_words("پاس ورڈ چوری 1234567") == ["چوری"]


class TestTheReportItself:
    def test_everything_beside_it(self, reported, analyst, at):
        who = Reporter(name="Zoya", email="z@home.example", phone="+92 300")
        receipt = reported(
            "see 198.18.2.9",
            reporter=who,
            files=(Handed(name="a.txt", content=b"hello"),),
            observables=(Stated(written="198.18.2.9"),),
            answers={"people": "7"},
        )
        reported("198.18.2.9 too")
        page = intake.report(receipt.reference, by=analyst)
        assert (page.reporter_email, page.answers) == ("z@home.example", {"people": "7"})
        assert [file.name for file in page.files] == ["a.txt"]
        (seen,) = page.observables
        assert (seen.value, seen.owner, seen.elsewhere) == ("198.18.2.9", "org-0002", 1)
        assert page.may_decide
        assert [entry.event for entry in page.timeline] == ["intake.received"]

    def test_whose_an_observable_is_is_told_to_those_who_see_that_organisation(self, reported, provincial_analyst):
        receipt = reported("see 198.18.2.9", organisation="org-0003")
        page = intake.report(receipt.reference, by=provincial_analyst)
        assert page.observables[0].owner == ""

    def test_another_teams_report_of_the_same_observable_is_not_counted(self, reported, provincial_analyst):
        receipt, hidden = reported("see 198.18.2.9"), reported("198.18.2.9 too")
        Report.objects.filter(id=hidden.report).update(teams=["pkcert"], working_teams=["pkcert"])
        Report.objects.filter(id=receipt.report).update(teams=["pkcert", "punjab-cert"])
        assert intake.report(receipt.reference, by=provincial_analyst).observables[0].elsewhere == 0

    def test_a_file_leaves_sealed_and_the_ledger_says_so(self, reported, analyst, organisation_contact, at):
        receipt = reported(files=(Handed(name="virus.exe", content=b"MZ evil"),))
        (file,) = intake.report(receipt.reference, by=analyst).files
        sealed = intake.give_out(reference=receipt.reference, number=1, file=file.id, by=analyst, at=at)
        assert b"evil" not in sealed.content
        assert opened(sealed.content, sealed.password) == {"virus.exe": b"MZ evil"}
        entry = ledger.history(subject=receipt.reference, by=analyst)[-1]
        assert (entry.event, entry.facts["sha256"]) == ("intake.given_out", file.sha256)
        raw = intake.give_out(reference=receipt.reference, number=1, by=analyst, at=at)
        assert len(opened(raw.content, raw.password)) == 1
        with pytest.raises(NotVisible):
            intake.give_out(reference=receipt.reference, number=2, by=analyst, at=at)

    def test_not_to_whoever_only_reads(self, reported, provincial_analyst, at):
        receipt = reported()
        Report.objects.filter(id=receipt.report).update(teams=["pkcert", "punjab-cert"], working_teams=["pkcert"])
        with pytest.raises(Forbidden):
            intake.give_out(reference=receipt.reference, number=1, by=provincial_analyst, at=at)

    def test_found_by_its_name_at_its_source(self, reported, sector_analyst):
        receipt = reported(source="thehive", source_ref="alert-7", organisation="org-0001")
        assert intake.of_source(source="thehive", source_ref="alert-7", by=sector_analyst) == receipt.reference
        assert intake.of_source(source="thehive", source_ref="alert-8", by=system("intake")) == ""
