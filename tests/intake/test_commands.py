"""`pehra intake` on the command line: what came in is listed, shown, taken in and decided, and taken back."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pehra.access import api as access
from pehra.incidents import api as incidents
from pehra.incidents.gateways import exchange
from pehra.incidents.rules.documents import Format
from pehra.intake import api as intake
from pehra.intake.commands import commands
from pehra.intake.models import Report
from pehra.kernel.actors import system
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.vault import api as vault
from tests.intake.documents.test_documents import told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
MACHINE = system("cli")


def run(*words: str, stdin: object = None, code: int = 0) -> Result:
    content = stdin if isinstance(stdin, bytes | None) else json.dumps(stdin).encode()
    done = CliRunner().invoke(commands, list(words), input=content, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


def answer(*words: str, stdin: object = None) -> Any:
    return json.loads(run(*words, "--json", stdin=stdin).stdout)


def listed(*words: str) -> list[str]:
    return [row["reference"] for row in answer("list", *words)]


def taken(said: dict[str, Any]) -> str:
    (receipt,) = answer("receive", "-", stdin=said)
    return str(receipt["reference"])


class TestTakingIn:
    def test_a_file_becomes_a_report_with_its_receipt_and_the_same_again_is_the_same(self, tmp_path: Path):
        file = tmp_path / "report.json"
        document = base64.b64encode(b"a page of it").decode()
        body = {
            "title": "Mails that ask", "description": "at hxxps://login[.]bank[.]example", "complete": False,
            "reporter": {"name": "A caller", "phone": "+92 51 000"}, "source": "desk", "source_ref": "call-7",
            "files": [{"name": "page.txt", "content": document}],
        }  # fmt: skip
        file.write_text(json.dumps(body))
        said = run("receive", str(file)).stdout
        row = Report.objects.get()
        assert said.startswith(f"{row.reference}  submission 1  ")
        assert (row.reporter_name, row.anonymous, row.reporter_verified) == ("A caller", False, False)
        submission = row.submissions.get()
        assert (submission.source, submission.source_ref) == ("pehra.cli:desk", "call-7")
        assert vault.read(submission.raw_sha256) == file.read_bytes()
        again = run("receive", str(file)).stdout
        assert "it was here already" in again
        assert Report.objects.count() == 1

    def test_who_is_not_named_is_nobody(self):
        taken({"title": "x"})
        assert Report.objects.get().anonymous

    def test_more_of_one_is_added_once(self):
        reference = taken({"title": "first", "complete": False})
        for _ in range(2):
            (receipt,) = answer("add", reference, "-", stdin={"description": "second", "complete": True})
            assert (receipt["reference"], receipt["number"]) == (reference, 2)
        page = answer("show", reference)
        assert (page["report"]["is_complete"], len(page["submissions"])) == (True, 2)

    def test_a_document_of_another_team_is_one_report_an_incident(self):
        for format in (Format.IODEF_XML, Format.STIX):
            raw = exchange.written(told(reference=format.value), format)
            (receipt,) = answer("receive", "-", stdin=raw)
            assert Report.objects.get(reference=receipt["reference"]).channel == "document"

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b'{"title": "a", "title": "b"}', "the key 'title' stands twice"),
            (b"hello", "not JSON: expecting value at line 1 column 1"),
            (b"[]", "a JSON object is wanted"),
            (b"[" * 100_000, "nested deeper"),
            ({"titel": "a"}, "titel: no such key is known"),
            ({"title": "a", "moments": {"awareness": "yesterday"}}, "moments.awareness: not an RFC 3339 time"),
            ({"title": "a", "complete": "yes", "tlp": "PINK"}, "complete: input should be a valid boolean"),
            ({}, "say what happened"),
            ({"title": "a", "files": [{"name": "b", "content": "?"}]}, "no Base64"),
            ({"title": "a", "sector": "cheese"}, "no sector 'cheese'"),
            ({"title": "a", "organisation": "org-9999"}, "no organisation org-9999"),
        ],
    )
    def test_what_cannot_be_used_is_refused_in_words_and_nothing_is_taken_in(self, body: object, words: str):
        with pytest.raises((Invalid, NotVisible)) as refused:
            run("receive", "-", stdin=body)
        assert words in refused.value.message
        assert not Report.objects.exists()

    def test_a_secret_of_a_body_is_not_repeated(self):
        with pytest.raises(Invalid) as refused:
            run("receive", "-", stdin={"title": "a", "complete": "hunter2", "impact": {"hunter2": "hunter2"}})
        assert "hunter2'" not in refused.value.message

    def test_a_file_that_is_too_large_is_refused(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("pehra.intake.commands.reports.FILE_BYTES_MAX", 20)
        assert "more than 20 bytes" in run("receive", "-", stdin={"title": "a" * 40}, code=2).output

    @pytest.mark.parametrize("words", [["receive"], ["receive", "/nowhere/x.json"], ["receive", "/"], ["add", "-"]])
    def test_a_file_that_is_not_there_is_wrong_usage(self, words: list[str]):
        assert "FILE" in run(*words, code=2).output


class TestReading:
    def test_the_list_takes_the_filters_of_the_queue(self, reported, at):
        first = reported("one at 198.18.2.9", title="One", taxonomy="fraud", organisation="org-0002").reference
        second = reported("two", title="Two", is_complete=False, on=at + timedelta(hours=2)).reference
        exercise = reported("three", exercise=True).reference
        assert listed() == [second, first]
        assert listed("--exercise") == [exercise]
        for words, found in (
            (["--taxonomy", "fraud"], [first]),
            (["--organisation", "org-0002"], [first]),
            (["--observable", "198.18.2.9"], [first]),
            (["--complete", "no"], [second]),
            (["--complete", "yes"], [first]),
            (["--search", "two"], [second]),
            (["--search", first], [first]),
            (["--since", (at + timedelta(hours=1)).isoformat()], [second]),
            (["--until", (at + timedelta(hours=1)).isoformat()], [first]),
            (["--state", "dismissed"], []),
            (["--state", "any"], [second, first]),
            (["--channel", "form"], [second, first]),
            (["--assignee", "nobody"], [second, first]),
            (["--problem", "yes"], []),
            (["--news", "no"], [second, first]),
            (["--limit", "1"], [second]),
        ):
            assert listed(*words) == found, words
        assert run("list", "--limit", "1").stdout.count("\n") == 1
        assert run("list", "--state", "merged").stdout == "No reports.\n"

    def test_a_long_queue_is_read_page_by_page(self, reported, at, monkeypatch: pytest.MonkeyPatch):
        hours = [at + timedelta(hours=number) for number in range(5)]
        wanted = [reported(f"number {number}", on=hour).reference for number, hour in enumerate(hours)][::-1]
        monkeypatch.setattr("pehra.intake.commands.reports.PAGE_ROWS", 2)
        assert listed() == wanted
        assert listed("--limit", "3") == wanted[:3]
        assert listed("--limit", "4") == wanted[:4]

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            (["--state", "gone"], "one of: received"),
            (["--channel", "pigeon"], "one of: form"),
            (["--team", "no-team"], "no team no-team"),
            (["--sector", "cheese"], "no sector 'cheese'"),
            (["--since", "yesterday"], "2026-11-24T09:30:00Z"),
            (["--since", "2026-11-24T09:30:00"], "no offset"),
            (["--observable", "not one"], "no domain name"),
            (["--assignee", "who@nowhere.example"], "who@nowhere.example"),
        ],
    )
    def test_a_word_that_nobody_knows_is_refused(self, words: list[str], why: str):
        with pytest.raises((Invalid, NotVisible)) as refused:
            run("list", *words)
        assert why in refused.value.message

    def test_one_report_is_shown_with_all_that_stands_beside_it(self, reported):
        like = reported("seen at 198.18.2.9", source="sensor", source_ref="a-1").reference
        file = intake.Handed(name="page.html", content=b"<html>", media_type="text/html")
        one = reported("again at\n198.18.2.9", title="One", source="sensor", source_ref="a-1", files=(file,)).reference
        said = run("show", one).stdout
        row = Report.objects.get(reference=one)
        for words in (
            f"why there: {row.routed_because['basis']}", row.routed_because["rule"], "reported by: anonymous",
            "seen: ipv4 198.18.2.9  (org-0002)", "| again at", "submission 1: ", row.submissions.get().raw_sha256,
            "page.html", f"like it: {like}", "at its source: sensor a-1",
        ):  # fmt: skip
            assert words in said
        page = answer("show", one)
        assert page["report"]["reference"] == one
        assert {"observables", "submissions", "files", "acts", "routed_because", "timeline"} <= page.keys()

    def test_one_that_is_not_there_is_refused(self):
        with pytest.raises(NotVisible, match="no report PKR-2026-000099"):
            run("show", "PKR-2026-000099")

    def test_what_waits_is_counted(self, reported):
        assert run("waiting").stdout == "Nothing waits.\n"
        team = Report.objects.get(reference=reported().reference).lead_team
        assert answer("waiting") == [{"team": team, "reports": 1}]
        assert team in run("waiting").stdout


class TestDeciding:
    def test_each_act_is_done_told_and_taken_back(self, reported):
        one, other = reported("one").reference, reported("other").reference
        opened = answer("open", reported("three").reference, "--title", "Fire", "--severity", "low", "--exercise")
        assert opened["exercise"] is True
        assert (opened["title"], opened["severity"]) == ("Fire", "low")
        for words, state in (
            (["dismiss", one, other, "--reason", "a test"], "dismissed"),
            (["merge", one, "--into", other, "--reason", "the same"], "merged"),
            (["join", one, "--incident", opened["reference"]], "joined"),
            (["hand-over", one, "--team", "punjab-cert", "--reason", "theirs"], "received"),
        ):
            done = answer(*words)
            assert one in done["reports"]
            row = Report.objects.get(reference=one)
            assert row.state == state
            assert (row.lead_team == "punjab-cert") == (words[0] == "hand-over")
            back = answer("undo", done["token"])
            assert (back["act"], back["count"], back["left"]) == (words[0], done["count"], [])
            assert Report.objects.get(reference=one).state == "received"

    def test_the_words_name_the_way_back_and_the_way_on(self, reported):
        one = reported().reference
        said = run("dismiss", one, "--reason", "a test").stdout
        assert said.startswith(f"dismiss: {one}\n")
        token = said.rpartition("pehra intake undo ")[2].strip()
        assert f"pehra intake undo {token}" in run("show", one).stdout
        assert run("undo", token).stdout == "dismiss taken back for 1\n"
        assert "taken back" in run("show", one).stdout
        run("dismiss", one, "--reason", "a test")
        run("reopen", one, "--reason", "no test")
        assert "pehra incidents show PK-" in run("open", one).stdout
        assert incidents.incident(Report.objects.get(reference=one).incident, by=MACHINE)

    def test_a_report_is_given_to_a_colleague_by_address(self, reported, at):
        one = reported("at the bank", organisation="org-0002").reference
        team = Report.objects.get(reference=one).lead_team
        person = access.add_person(email="amna@team.example", name="Amna", by=MACHINE, at=at)
        with pytest.raises(Invalid, match="nobody of these teams"):
            run("assign", one, "--to", "amna@team.example")
        access.grant(person_id=person, role="analyst", team=team, reason="a test", by=MACHINE, at=at)
        run("assign", one, "--to", "Amna@team.example")
        assert Report.objects.get(reference=one).assignee == str(person)
        assert listed("--assignee", "amna@team.example") == [one]
        assert "assigned to: Amna" in run("show", one).stdout
        run("assign", one, "--to", "nobody")
        assert Report.objects.get(reference=one).assignee == ""

    def test_what_was_added_later_is_read(self, reported, at):
        receipt = reported()
        run("dismiss", receipt.reference, "--reason", "a test")
        assert run("read", receipt.reference).stdout == f"{receipt.reference}: nothing was unread\n"
        Report.objects.update(has_news=True)
        assert run("read", receipt.reference).stdout == f"{receipt.reference}: read\n"
        assert not Report.objects.get().has_news

    def test_wrong_words_decide_nothing(self, reported):
        one = reported().reference
        for words, why in (
            (["dismiss", one, "--reason", " "], "say why"),
            (["dismiss", one, "PKR-2026-000099", "--reason", "x"], "no report PKR-2026-000099"),
            (["merge", one, "--into", one, "--reason", "x"], "no report is chosen"),
            (["merge", one, "--into", "PKR-2026-000099", "--reason", "x"], "no report PKR-2026-000099"),
            (["join", one, "--incident", "PK-1999-000001"], "no incident PK-1999-000001"),
            (["hand-over", one, "--team", "no-team", "--reason", "x"], "no team no-team"),
            (["open", one, "--severity", "huge"], "'huge' is not a level"),
            (["open", one, "--organisation", "org-9999"], "no organisation org-9999"),
            (["assign", one, "--to", "who@nowhere.example"], "no person with the address"),
            (["undo", "01a21a08-3c3b-7195-b6a7-2d5a21986997"], "no such act"),
        ):
            with pytest.raises((Invalid, NotVisible, Forbidden, intake.MoveRefused)) as refused:
                run(*words)
            assert why in refused.value.message, words
        for words in (["dismiss", one], ["dismiss", "--reason", "x"], ["merge", one, "--reason", "x"], ["undo", "x"],
                      ["assign", one], ["join", one], ["open"], ["hand-over", one, "--team", "pkcert"]):  # fmt: skip
            assert "Usage:" in run(*words, code=2).output
        assert Report.objects.get(reference=one).state == "received"
        assert not intake.report(one, by=MACHINE).acts
