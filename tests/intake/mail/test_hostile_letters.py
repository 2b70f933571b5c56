"""Mails that mean harm, held by the pure part: each is read or refused, in bounded time, and none is ever rendered."""

import base64
import contextlib
import gzip
import random
import time
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.intake.rules.mail import dmarc, feeds, letters, plain_text, sorting
from pehra.intake.rules.mail.packing import Packed, unpacked
from pehra.kernel.refusals import Invalid
from tests.intake.mail.letters import letter, shared_mails

OWN = sorting.Own(addresses={"reports@cert.example"}, domains={"cert.example"})
SECONDS_MAX = 5.0  # of one mail on a busy machine; none takes one on a quiet one
HEAD = b"From: a@works.example\r\nSubject: s\r\nMIME-Version: 1.0\r\n"


def deep(levels: int, tail: bytes = b"") -> bytes:
    """Parts within parts within parts."""
    lines = [HEAD]
    for level in range(levels):
        lines.append(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level))
    return b"".join([*lines, b"Content-Type: text/plain\r\n\r\nhi\r\n", tail])


MULTI = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
HOSTILE = {
    "twenty thousand encoded words": HEAD.replace(b"Subject: s", b"Subject: " + b"=?utf-8?q?a?= " * 20_000),
    "twenty thousand addresses": HEAD.replace(b"a@works.example", b"a@b.example, " * 20_000),
    "a Message-ID that is none": HEAD + b"Message-ID: <[\r\nReferences: " + b"<[" * 30_000 + b"\r\n\r\nx",
    "a depth of fifteen hundred": deep(1_500),
    "a depth of nine hundred and many lines": deep(900, b"x\r\n" * 400_000),
    "a hundred thousand parts": HEAD + MULTI + b"--b\r\n\r\nx\r\n" * 100_000 + b"--b--\r\n",
    "a hundred thousand typed parts": HEAD + MULTI + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 100_000,
    "a megabyte of parameters": HEAD + b"Content-Type: text/plain" + b';";' * 350_000 + b"\r\n\r\nx",
    "a folded megabyte of parameters": HEAD + b"Content-Type: text/plain" + b';"\r\n ;' * 200_000 + b"\r\n\r\nx",
    "many long parameters": HEAD + MULTI + (b"--b\r\nContent-Type: a/b" + b';"' * 3_000 + b"\r\n\r\nx\r\n") * 900,
    "three hundred thousand header lines": HEAD + b"X: y\r\n" * 300_000 + b"\r\nx",
    "no header": b"\r\n\r\nx" * 1_000,
    "nothing": b"",
    "NUL bytes": b"\0" * 1_000_000,
    "ten megabytes of half open tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<a" * 5_000_000,
    "unclosed comments": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<!--" * 2_000_000,
    "nested lists": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div><ul>" * 1_000_000,
    "a codec that is no charset": HEAD + b"Content-Type: text/plain; charset=zip\r\n\r\nx",
    "an unknown charset": HEAD + b"Content-Type: text/plain; charset=x-none\r\n\r\n\xff\xfe",
    "an encoded name": HEAD + b"Content-Type: a/b; name*=none''%FF%FE\r\n\r\nx",
    "broken base64": HEAD + b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n===!!!" * 1_000,
    "uuencode": HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 666 ../../a\n" + b"!" * 100_000,
}  # fmt: skip


REFUSED = {
    "a depth of fifteen hundred",
    "a depth of nine hundred and many lines",
    "a folded megabyte of parameters",
    "a hundred thousand parts",
    "a hundred thousand typed parts",
    "a megabyte of parameters",
    "many long parameters",
    "no header",
    "nothing",
    "NUL bytes",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_costs_too_much_is_refused_and_what_is_only_odd_is_read_in_time(name):
    began = time.process_time()
    if name in REFUSED:
        with pytest.raises(letters.Unreadable):
            letters.parsed(HOSTILE[name])
    else:
        assert sorting.sorted_as(letters.parsed(HOSTILE[name]), OWN).sort is sorting.Sort.REPORT
    assert time.process_time() - began < SECONDS_MAX


def test_a_mutated_mail_never_breaks_the_reader(shared_data):
    chance = random.Random(20261126)
    mails = [raw for raw in shared_mails(shared_data) if len(raw) < 20_000]
    for raw in mails:
        for _turn in range(3):
            mutant = bytearray(raw)
            for _hit in range(chance.randint(1, 40)):
                place = chance.randrange(len(mutant))
                mutant[place : place + chance.randint(0, 8)] = chance.randbytes(chance.randint(0, 4))
            with contextlib.suppress(letters.Unreadable):
                sorting.sorted_as(letters.parsed(bytes(mutant)), OWN)


NAMES = [
    "From", "To", "Subject", "Date", "Message-ID", "References", "Content-Type", "Received", "X-Loop", "Return-Path",
    "Content-Transfer-Encoding", "Auto-Submitted", "Authentication-Results",
]  # fmt: skip
LINES = st.tuples(st.sampled_from(NAMES), st.text(max_size=80)).map(": ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=12), st.binary(max_size=300))
def test_no_header_whatsoever_breaks_the_reader(headers, body):
    raw = "\r\n".join(headers).encode("utf-8", "replace") + b"\r\n\r\n" + body
    try:
        read = letters.parsed(raw)
    except letters.Unreadable:
        return
    sorting.sorted_as(read, OWN)
    for shown in (read.subject, read.sender.name, read.sender.address, read.message_id):
        assert not any(ord(one) < 32 or 0x202A <= ord(one) <= 0x202E for one in shown)
    assert "\0" not in read.text


class TestHtml:
    PAGE = (
        '<html><head><style>p{x:url(http://evil.example/css)}</style><title>t</title></head><body onload="alert(1)">'
        "<p>Dear user,<br>your account</p><script>alert('run')</script><a href=\"http://evil.example/login\">"
        "https://bank.example/</a><img src=x onerror=alert(2)><iframe src='http://evil.example/frame'>inside</iframe>"
        "<form action='http://evil.example/form'><input></form>&lt;b&gt;</body></html>"
    )

    def test_becomes_its_words_and_the_targets_of_its_links(self):
        text, links = plain_text.of_html(self.PAGE)
        assert "Dear user,\nyour account" in text
        assert "https://bank.example/" in text
        assert "http://evil.example/login" in links
        assert "http://evil.example/form" in links
        assert "alert" not in text
        assert "inside" not in text
        assert "<b>" in text  # as characters, which a page escapes

    def test_is_not_the_body_where_there_is_plain_text_but_its_links_are_kept(self):
        both = (
            HEAD + b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
            b"plain words\r\n--b\r\nContent-Type: text/html\r\n\r\n" + self.PAGE.encode() + b"\r\n--b--\r\n"
        )
        read = letters.parsed(both)
        assert read.text == "plain words"
        assert "http://evil.example/login" in read.links

    @given(st.text(max_size=400))
    @settings(max_examples=150, deadline=None)
    def test_of_any_shape_is_read(self, html):
        text, links = plain_text.of_html(html)
        assert len(text) <= plain_text.TEXT_CHARACTERS_MAX
        assert all(link.lower().startswith(("http", "ftp:", "hxxp", "//")) for link in links)


class TestABomb:
    def zipped(self, content: bytes, count: int = 1) -> bytes:
        archive = BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for number in range(count):
                file.writestr(f"{number}.csv", content)
        return archive.getvalue()

    def test_in_zip_or_gzip_is_never_unpacked(self):
        bomb = b"0" * (200 * 1024 * 1024)
        for packed in (self.zipped(bomb), gzip.compress(bomb, 1)):
            assert len(packed) < 2_000_000
            with pytest.raises(Packed):
                unpacked(packed)
            with pytest.raises(Invalid):
                dmarc.parsed(unpacked(packed))
            read = letters.parsed(letter(files=(("r.zip", "application/zip", packed),)))
            assert sorting.sorted_as(read, OWN).sort is sorting.Sort.REPORT

    def test_of_many_files_or_a_lying_size_is_refused(self):
        with pytest.raises(Packed):
            unpacked(self.zipped(b"x", count=20))
        honest = self.zipped(b"timestamp,ip\n" + b"0" * 40_000_000)
        lying = honest.replace((40_000_013).to_bytes(4, "little"), (100).to_bytes(4, "little"))
        assert lying != honest
        with pytest.raises(Packed):
            unpacked(lying)
        assert feeds.form_of(lying) == ""

    def test_of_entities_is_refused(self):
        laughs = (
            b'<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY a "' + b"ha" * 100 + b'">]><feedback>&a;</feedback>'
        )
        with pytest.raises(Invalid):
            dmarc.parsed(laughs)

    def test_in_a_part_costs_what_the_mail_costs(self):
        big = base64.b64encode(b"\0" * 20_000_000)
        raw = HEAD + b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + big
        began = time.process_time()
        assert len(letters.parsed(raw).parts[0].content) == 20_000_000
        assert time.process_time() - began < SECONDS_MAX
