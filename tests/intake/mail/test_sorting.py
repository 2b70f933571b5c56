"""What kind of mail a mail is: each test is one mail, and the one line that makes it another kind."""

import gzip
import json
import zipfile
from io import BytesIO

import pytest

from pehra.intake.rules.mail import letters, sorting
from pehra.intake.rules.mail.answering import Silent, silent_because
from pehra.intake.rules.mail.sorting import Own, Sort, Why
from pehra.intake.rules.mail.trust import is_believed, verdict
from tests.intake.mail.letters import OUR_ID, bounce, letter

OWN = Own(addresses={"reports@cert.example", "pehra@cert.example"}, domains={"cert.example"})
OURS = OUR_ID.format(1)
CSV = b'"timestamp","ip","port"\n"2026-11-24 00:00:00","198.18.1.1",80\n'
XARF = {
    "xarf_version": "4.2.0",
    "report_id": "8d5da403-ff6c-4682-b4c4-eef4c8f84c7a",
    "timestamp": "2026-11-24T09:30:00Z",
    "reporter": {"org": "Watch", "contact": "noc@watch.example", "domain": "watch.example"},
    "sender": {"org": "Watch", "contact": "noc@watch.example", "domain": "watch.example"},
    "source_identifier": "198.18.1.7",
    "category": "connection",
    "type": "login_attack",
}
DMARC = b"""<?xml version="1.0"?><feedback><report_metadata><org_name>Mail of others</org_name><report_id>1</report_id>
<date_range><begin>1</begin><end>2</end></date_range></report_metadata><policy_published><domain>works.example</domain>
<p>none</p></policy_published><record><row><source_ip>198.18.1.9</source_ip><count>7</count><policy_evaluated>
<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row></record></feedback>"""
TLS = json.dumps({"organization-name": "Mail of others", "report-id": "1", "policies": []}).encode()


def sort_of(raw: bytes) -> tuple[Sort, Why]:
    """Kind and reason of a mail."""
    found = sorting.sorted_as(letters.parsed(raw), OWN)
    return found.sort, found.why


def packed(name: str, content: bytes) -> bytes:
    """A zip with one file."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return archive.getvalue()


class TestWhatAPersonWrites:
    def test_is_a_report(self):
        assert sort_of(letter()) == (Sort.REPORT, Why.NOTHING_ELSE)

    def test_is_a_reply_where_it_answers_a_letter_of_ours(self):
        assert sort_of(letter(in_reply_to=OURS)) == (Sort.REPLY, Why.ANSWERS_US)

    def test_is_a_report_where_it_answers_somebody_elses_letter(self):
        assert sort_of(letter(in_reply_to="<1@cert.example>"))[0] is Sort.REPORT
        assert sort_of(letter(in_reply_to=OURS.replace("cert", "other")))[0] is Sort.REPORT

    def test_is_a_reply_whatever_is_attached_to_it(self):
        ours = letter(in_reply_to=OURS, files=(("ours.csv", "text/csv", CSV),))
        assert sort_of(ours)[0] is Sort.REPLY

    def test_is_no_bounce_for_speaking_of_one(self):
        assert sort_of(letter(subject="Mail delivery failed: please help"))[0] is Sort.REPORT

    def test_of_somebody_away_is_an_automatic_reply(self):
        assert sort_of(letter(subject="Out of office: until Monday")) == (Sort.AUTO_REPLY, Why.AWAY)
        assert sort_of(letter(subject="On annual leave until 3 May")) == (Sort.AUTO_REPLY, Why.AWAY)
        assert sort_of(letter(subject="On leave balances: somebody reads them from outside"))[0] is not Sort.AUTO_REPLY
        assert sort_of(letter(subject="Automatic reply: Notice", in_reply_to=OURS))[0] is Sort.AUTO_REPLY

    def test_in_any_language_is_in_it(self):
        urdu = letters.parsed(
            letter("ہماری ویب سائٹ ہیک ہو گئی ہے۔", subject="ویب سائٹ ہیک", sender="عائشہ <a@works.example>")
        )
        assert (urdu.subject, urdu.sender.name) == ("ویب سائٹ ہیک", "عائشہ")
        assert "ہیک ہو گئی" in urdu.text


class TestWhatAMachineWrites:
    @pytest.mark.parametrize(
        "mark", [{"auto_submitted": "auto-replied"}, {"x_autoreply": "yes"}, {"precedence": "auto_reply"}]
    )
    def test_is_an_automatic_reply_where_it_answers(self, mark):
        assert sort_of(letter(in_reply_to=OURS, **mark)) == (Sort.AUTO_REPLY, Why.SAYS_AUTOMATIC)

    def test_is_a_report_where_it_answers_nothing(self):
        assert sort_of(letter(auto_submitted="auto-replied"))[0] is Sort.REPORT

    def test_in_arf_is_a_complaint_also_in_base64(self, shared_data):
        raw = next((shared_data / "mail/dmarc-tlsrpt").glob("failure___*")).read_bytes()
        assert sort_of(raw) == (Sort.COMPLAINT, Why.FEEDBACK_REPORT)

    def test_in_xarf_is_abuse_whatever_the_file_is_called(self):
        document = json.dumps(XARF).encode()
        assert sort_of(letter(files=(("x.bin", "application/octet-stream", document),)))[0] is Sort.ABUSE
        broken = json.dumps(XARF | {"xarf_version": 4, "category": 7}).encode()
        assert sort_of(letter(files=(("x.json", "application/json", broken),)))[0] is Sort.ABUSE
        assert sort_of(letter(files=(("x.json", "application/json", document[:-1]),)))[0] is Sort.REPORT

    @pytest.mark.parametrize(
        ("name", "content"),
        [("a.csv", CSV), ("a.csv.zip", packed("a.csv", CSV)), ("a.csv.gz", gzip.compress(CSV))],
        ids=["plain", "zip", "gzip"],  # packed bytes hold the time, and workers must agree on names
    )
    def test_as_a_feed_is_known_by_its_first_line(self, name, content):
        assert sort_of(letter(files=((name, "application/octet-stream", content),)))[0] is Sort.FEED
        other = packed("a.csv", CSV.replace(b"timestamp", b"moment"))
        assert sort_of(letter(files=((name, "application/octet-stream", other),)))[0] is Sort.REPORT

    def test_in_numbers_is_statistics(self):
        assert sort_of(letter(files=(("r.xml.gz", "application/gzip", gzip.compress(DMARC)),)))[0] is Sort.DMARC
        assert sort_of(letter(files=(("r.zip", "application/zip", packed("r.xml", DMARC)),)))[0] is Sort.DMARC
        assert sort_of(letter(files=(("r.json.gz", "application/gzip", gzip.compress(TLS)),)))[0] is Sort.TLS_REPORT
        with_dtd = DMARC.replace(b"<feedback>", b'<!DOCTYPE a [<!ENTITY b "c">]><feedback>')
        assert sort_of(letter(files=(("r.xml", "text/xml", with_dtd),)))[0] is Sort.REPORT


class TestALoop:
    def test_is_our_own_letter_come_back(self):
        assert sort_of(letter(message_id=OURS)) == (Sort.LOOP, Why.OWN_MAIL)

    def test_is_no_mail_of_a_colleague_whose_program_makes_identifiers_of_the_same_shape(self):
        for theirs in ("3fa4c5c9-5bd6-8b5c-1a63-3f2e7d4bcb6e", "c7a1f0f2-8f3b-7a33-9d0e-6a1f1d6b7e11"):
            mail = letter(sender="ali@cert.example", message_id=f"<{theirs}@cert.example>")
            assert sort_of(mail) == (Sort.REPORT, Why.NOTHING_ELSE)

    def test_is_a_mail_with_our_mark_or_too_many_hops(self):
        assert sort_of(letter(x_loop="reports@cert.example")) == (Sort.LOOP, Why.OWN_MARK)
        hops = b"".join(b"Received: from a by b; Tue, 24 Nov 2026 09:00:00 +0000\r\n" for _ in range(31))
        assert sort_of(hops + letter()) == (Sort.LOOP, Why.TOO_MANY_HOPS)
        assert sort_of(hops[: len(hops) // 31 * 30] + letter())[0] is Sort.REPORT


class TestAnAnswer:
    def silent(self, raw: bytes, **counts) -> Silent | None:
        """Why a mail gets no receipt."""
        known = {"fails_dmarc": False, "last_hour": 0, "last_day": 0}
        return silent_because(letters.parsed(raw), OWN, **known | counts)

    def test_goes_to_a_person(self):
        assert self.silent(letter()) is None

    @pytest.mark.parametrize(
        "mark",
        [{"auto_submitted": "auto-generated"}, {"precedence": "bulk"}, {"list_id": "<a.b>"}, {"return_path": "<>"},
         {"x_auto_response_suppress": "All"}],
    )  # fmt: skip
    def test_goes_to_no_machine_and_no_list(self, mark):
        assert self.silent(letter(**mark)) is Silent.AUTOMATIC

    def test_goes_to_nobody_twice_too_often_and_never_to_ourselves(self):
        assert self.silent(letter(), last_hour=5) is Silent.OFTEN
        assert self.silent(letter(), last_day=20) is Silent.OFTEN
        assert self.silent(letter(sender="pehra@cert.example")) is Silent.OURSELVES
        assert self.silent(letter(sender="no-reply@works.example")) is Silent.NOBODY
        assert self.silent(letter(), fails_dmarc=True) is Silent.FAILS_DMARC

    def test_never_goes_where_reply_to_points(self):
        forged = letters.parsed(letter(reply_to="victim@works.example"))
        assert forged.sender.address == "ayesha@works.example"


class TestWhoIsBelieved:
    RESULT = "mx.cert.example; dkim=pass header.d=works.example; dmarc=fail"

    def test_is_a_named_sender_whose_signature_our_own_server_saw(self):
        good = letters.parsed(letter(authentication_results=self.RESULT))
        assert is_believed(good, {"ayesha@works.example"}, "mx.cert.example")
        assert is_believed(good, {"@works.example"}, "mx.cert.example")
        assert not is_believed(good, {"@other.example"}, "mx.cert.example")
        assert verdict(good, "mx.cert.example", "dmarc") == "fail"

    def test_is_nobody_for_the_word_of_another_server_or_domain(self):
        strange = letters.parsed(letter(authentication_results=self.RESULT.replace("mx.cert", "mx.evil")))
        assert not is_believed(strange, {"@works.example"}, "mx.cert.example")
        other = letters.parsed(letter(authentication_results=self.RESULT.replace("d=works", "d=evil")))
        assert not is_believed(other, {"@works.example"}, "mx.cert.example")

    def test_is_nobody_for_what_the_sender_wrote_into_a_quoted_address_or_a_comment(self):
        for inside in (
            'smtp.mailfrom="x; dkim=pass header.d=works.example;"@evil.example',
            "(x; dkim=pass header.d=works.example;)",
        ):
            forged = letters.parsed(letter(authentication_results=f"mx.cert.example; spf=pass {inside}; dkim=none"))
            assert not is_believed(forged, {"@works.example"}, "mx.cert.example")

    def test_is_never_a_line_below_our_own_servers(self):
        first = b"Authentication-Results: mx.cert.example; dkim=none\r\n"
        mail = letters.parsed(first + letter(authentication_results=self.RESULT))
        assert not is_believed(mail, {"@works.example"}, "mx.cert.example")


def test_a_moment_outside_the_calendar_is_none_and_the_report_is_taken():
    document = XARF | {"timestamp": "0001-01-01T00:00:00+14:00"}
    files = (("xarf.json", "application/json", json.dumps(document).encode()),)
    assert sort_of(letter(files=files)) == (Sort.ABUSE, Why.XARF_DOCUMENT)


def test_a_bounce_names_the_letter_and_the_address():
    assert sort_of(bounce(OURS)) == (Sort.BOUNCE, Why.DELIVERY_REPORT)
    late = bounce(OURS).replace(b"Action: failed", b"Action: delayed").replace(b"5.1.1", b"4.4.1")
    assert sort_of(late)[0] is Sort.DELIVERY
