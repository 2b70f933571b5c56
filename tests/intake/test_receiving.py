"""A report comes in: kept whole, routed with a reason, once, and more of it later."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from pehra.intake import api as intake
from pehra.intake.api import Channel, Handed, Reporter, Said, Stated
from pehra.intake.models import Report, ReportObservable, Submission
from pehra.kernel.actors import system
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.outbox.models import Message
from pehra.vault import api as vault

pytestmark = pytest.mark.usefixtures("country")


def the_report(receipt: intake.Receipt) -> Report:
    """The row behind a receipt."""
    return Report.objects.get(reference=receipt.reference)


def more(receipt: intake.Receipt, at, said: Said, *, raw: bytes = b"more", **ways) -> intake.Receipt:
    """Add to a report by its secret."""
    return intake.add(
        channel=Channel.FORM,
        raw=raw,
        media_type="application/json",
        said=said,
        token=receipt.token,
        by=system("intake"),
        at=at,
        **ways,
    )


class TestAReportComesIn:
    def test_it_is_kept_as_it_came_and_the_receipt_names_it(self, reported, at):
        receipt = reported("help", raw=b'{"as":"it came"}')
        assert vault.read(receipt.sha256) == b'{"as":"it came"}'
        assert (receipt.at, receipt.number, receipt.is_new) == (at, 1, True)
        assert receipt.reference.startswith("PKR-2026-")
        assert the_report(receipt).submissions.get().raw_sha256 == receipt.sha256

    def test_whose_it_is_follows_from_what_the_reporter_says(self, reported):
        row = the_report(reported(organisation="org-0001"))
        assert (row.lead_team, "ntcert" in row.teams) == ("ntcert", True)
        assert row.routed_because["rule"]
        assert row.routed_because["basis"] == "stated by the reporter"

    def test_where_nothing_is_said_who_holds_what_was_seen_decides(self, reported):
        row = the_report(reported("odd traffic from 198.18.1[.]7 to my host"))
        assert (row.lead_team, row.routed_because["basis"]) == ("ntcert", "who holds what was seen")
        assert row.about_organisation == ""

    def test_what_belongs_to_two_is_the_nations(self, reported):
        row = the_report(reported("odd traffic from 198.18.1.7 to 198.18.2.9"))
        assert (row.lead_team, row.routed_because["basis"]) == ("pkcert", "nothing says whose it is")

    def test_observables_come_from_the_text_and_from_the_field_each_once(self, reported):
        receipt = reported(
            "it loads hxxps://bad[.]example/x and calls 198.18.2.9",
            observables=(Stated(written="198.18.2.9"), Stated(written="see bad[.]example/y")),
        )
        seen = {row.value: row for row in ReportObservable.objects.filter(report_id=receipt.report)}
        assert seen["198.18.2.9"].stated
        assert seen["198.18.2.9"].owner == "org-0002"
        assert not seen["https://bad.example/x"].stated
        assert seen["bad.example"].stated
        assert len(seen) == 3

    def test_of_somebody_anonymous_nothing_is_kept(self, reported):
        row = the_report(reported(reporter=Reporter(anonymous=True, name="Zoya", email="z@home.example", phone="1")))
        assert (row.reporter_name, row.reporter_email, row.reporter_phone) == ("", "", "")

    def test_the_ledger_says_that_it_came_and_nothing_of_what_it_said(self, reported):
        receipt = reported("the mayor's password", reporter=Reporter(name="Zoya", email="z@home.example"))
        (entry,) = ledger.history(subject=receipt.reference, by=system("test"))
        assert entry.event == "intake.received"
        assert entry.facts["sha256"] == receipt.sha256
        assert "mayor" not in str(entry.facts)
        assert "Zoya" not in str(entry.facts)

    def test_files_are_kept_and_typed_by_their_bytes(self, reported):
        receipt = reported(files=(Handed(name="../../etc/invoice.pdf", content=b"MZ\x90\x00", media_type="text/html"),))
        file = the_report(receipt).files.get()
        assert (file.name, file.media_type) == ("invoice.pdf", "application/x-msdownload")
        assert vault.read(file.sha256) == b"MZ\x90\x00"

    def test_a_nul_in_what_was_said_loses_nothing(self, reported):
        row = the_report(reported("before\0after", raw=b"before\0after"))
        assert row.description == "before\ufffdafter"
        assert vault.read(row.submissions.get().raw_sha256) == b"before\0after"

    def test_the_reporter_says_how_it_is_marked_else_the_law(self, reported):
        assert the_report(reported(tlp=Tlp.RED)).tlp == Tlp.RED
        assert the_report(reported()).tlp in list(Tlp)


class TestRefused:
    def test_too_long_a_text_names_its_field(self, reported):
        with pytest.raises(Invalid) as refused:
            reported("x" * 100_001)
        assert refused.value.field == "description"
        assert not Report.objects.exists()

    def test_a_word_the_profile_does_not_know(self, reported):
        with pytest.raises(Invalid) as refused:
            reported(sector="fishery-of-atlantis")
        assert refused.value.field == "sector"

    def test_an_organisation_nobody_knows(self, reported):
        with pytest.raises(Invalid) as refused:
            reported(organisation="org-9999")
        assert refused.value.field == "organisation"

    def test_a_contact_may_not_report_in_another_organisations_name(self, reported, organisation_contact):
        own = Reporter(name="Dania", organisation="org-0001")
        assert reported(by=organisation_contact, reporter=own).reference
        with pytest.raises(Forbidden):
            reported(by=organisation_contact, reporter=replace(own, organisation="org-0002"))

    def test_somebody_without_the_right_may_not(self, reported, stranger):
        with pytest.raises(Forbidden):
            reported(by=stranger)

    def test_a_full_disk_takes_nothing_in_and_says_so(self, reported, tmp_path):
        full = tmp_path / "full"
        full.symlink_to("/dev/full")  # a vault that is no folder: nothing can be written there
        with override_settings(PEHRA_VAULT=full), pytest.raises(vault.Full, match="nothing was taken in"):
            reported()
        assert not Report.objects.exists()


class TestOnce:
    def test_the_same_thing_again_is_the_same_receipt(self, reported):
        first, second = reported(once="draft-1"), reported(once="draft-1")
        assert (second.reference, second.token, second.is_new) == (first.reference, first.token, False)
        assert Report.objects.count() == Submission.objects.count() == 1

    def test_by_another_actor_or_road_it_is_another_thing(self, reported, analyst):
        first = reported(once="draft-1")
        assert reported(once="draft-1", by=analyst, channel=Channel.REST).reference != first.reference
        assert reported(once="draft-1", channel=Channel.OFFLINE).reference != first.reference

    def test_an_addition_too(self, reported, at):
        receipt = reported()
        more(receipt, at, Said(title="a"), once="second")
        again = more(receipt, at, Said(title="b"), once="second")
        assert (again.number, again.is_new) == (2, False)
        assert the_report(receipt).title == "a"


class TestMoreLater:
    def test_what_is_said_later_completes_what_was_said(self, reported, at):
        receipt = reported("it began", is_complete=False, answers={"when": "today"})
        later = more(receipt, at + timedelta(days=2), Said(title="Fire", answers={"where": "Lahore"}), raw=b"two")
        row = the_report(receipt)
        assert (later.number, row.is_complete, row.title, row.description) == (2, True, "Fire", "it began")
        assert row.answers == {"when": "today", "where": "Lahore"}
        assert [s.raw_sha256 for s in row.submissions.order_by("number")] == [receipt.sha256, later.sha256]

    def test_whose_it_is_said_later_changes_who_leads_and_takes_nobody_their_sight(self, reported, at):
        receipt = reported()
        before = set(the_report(receipt).teams)
        assert the_report(receipt).lead_team == "pkcert"
        more(receipt, at, Said(organisation="org-0001"))
        row = the_report(receipt)
        assert row.lead_team == "ntcert"
        assert before <= set(row.teams)
        assert row.told_at is None

    def test_a_wrong_secret_opens_nothing(self, reported, at):
        receipt = reported()
        with pytest.raises(NotVisible):
            more(replace(receipt, token=receipt.token[:-1] + "~"), at, Said(title="x"))

    def test_an_organisation_adds_to_its_own_report_by_reference_and_to_no_other(
        self, reported, organisation_contact, at
    ):
        mine = reported(by=organisation_contact, reporter=Reporter(organisation="org-0001"))
        about_me = reported("somebody says something of them", organisation="org-0001")
        words = {"channel": Channel.ORGANISATION, "raw": b"r", "media_type": "text/plain", "said": Said(title="x")}
        assert intake.add(reference=mine.reference, by=organisation_contact, at=at, **words).number == 2
        with pytest.raises(NotVisible):
            intake.add(reference=about_me.reference, by=organisation_contact, at=at, **words)


class TestWhatWasReceivedDoesNotChange:
    @pytest.mark.parametrize("statement", ["update intake_submission set number = 9", "delete from intake_submission"])
    def test_the_database_refuses(self, reported, statement):
        reported()
        with pytest.raises(DatabaseError, match="what was received does not change"), transaction.atomic():
            connection.cursor().execute(statement)


class TestGroups:
    def test_the_same_bytes_are_one_group_with_the_reason(self, reported):
        first, second = reported(raw=b"same"), reported(raw=b"same")
        row = the_report(second)
        assert row.group == first.report
        assert row.group_because[0]["sign"] == "same-bytes"
        assert row.group_because[0]["with"] == str(first.report)

    def test_what_shares_an_observable_within_the_window(self, reported, at):
        first = reported("see hxxp://evil.example/a")
        assert the_report(reported("and http://evil.example/a too")).group == first.report
        late = reported("again hxxp://evil[.]example/a", on=at + timedelta(days=8))
        assert the_report(late).group == late.report

    def test_a_logo_and_the_reporters_own_address_are_no_sign(self, reported):
        logo = Handed(name="logo.png", content=b"\x89PNG\r\n\x1a\n" + b"0" * 20)
        who = Reporter(name="A", email="a@office.example")
        reported("one, a@office.example", files=(logo,), reporter=who)
        second = reported("two, a@office.example", files=(logo,), reporter=who)
        assert the_report(second).group == second.report

    def test_a_constituents_own_name_is_none_either(self, reported):
        reported("the page of bank.example is slow")
        second = reported("bank.example asks for a password twice")
        assert the_report(second).group == second.report


class TestTheTeamIsTold:
    def letters(self) -> list[Message]:
        return list(Message.objects.filter(kind="intake.waiting").order_by("id"))

    def test_at_once_and_then_not_again_for_a_while(self, reported, at):
        first = reported()
        for _ in range(5):
            reported()
        (letter,) = self.letters()
        assert first.reference in letter.body
        assert letter.recipient_email == "duty@pkcert.example"
        assert intake.tell_teams(by=system("intake"), at=at + timedelta(minutes=9)) == 0
        assert intake.tell_teams(by=system("intake"), at=at + timedelta(minutes=11)) == 1
        assert self.letters()[-1].subject.startswith("5 reports wait")
        assert intake.tell_teams(by=system("intake"), at=at + timedelta(minutes=30)) == 0

    def test_a_team_nobody_reaches_stands_in_the_outbox(self, reported):
        reported(organisation="org-0001")
        assert [letter.state for letter in self.letters()] == ["held"]


class TestWhatComesLater:
    def more(self, receipt, at, by=None, **said):
        """Add to a report, by Pehra's own roads unless by somebody."""
        named = {"reference": receipt.reference} if by else {"token": receipt.token}
        intake.add(
            channel=Channel.REST, raw=repr(said).encode(), media_type="text/plain", said=Said(**said), **named,
            by=by or system("intake"), at=at,
        )  # fmt: skip
        return Report.objects.get(id=receipt.report)

    def test_leaves_a_matter_with_the_team_whose_road_it_came_by(self, reported, at):
        receipt = intake.receive(
            channel=Channel.MAIL, raw=b"x", media_type="message/rfc822", said=Said(description="help"),
            reporter=Reporter(anonymous=True), language="en", team="punjab-cert", by=system("intake"), at=at,
        )  # fmt: skip
        assert self.more(receipt, at, description="see hxxp://evil[.]example/x").lead_team == "punjab-cert"

    def test_leaves_a_matter_where_a_person_gave_it(self, reported, analyst, at):
        receipt = reported("help")
        chosen = intake.Chosen(references=(receipt.reference,))
        done = intake.hand_over(chosen=chosen, team="punjab-cert", reason="theirs", by=analyst, at=at)
        assert self.more(receipt, at, description="see hxxp://evil[.]example/x").lead_team == "punjab-cert"
        intake.undo(token=done.token, by=analyst, at=at)
        assert self.more(receipt, at, sector="telecom").lead_team == "ntcert"

    def test_is_no_ground_to_mark_freer_what_somebody_else_marked(self, reported, analyst, at):
        receipt = reported("for your eyes", tlp=Tlp.RED)
        assert self.more(receipt, at, by=analyst, description="x", tlp=Tlp.CLEAR).tlp == "TLP:RED"
        assert self.more(receipt, at, description="now for all", tlp=Tlp.GREEN).tlp == "TLP:GREEN"
