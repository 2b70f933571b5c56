"""Observables out of free text: a list made by hand from real mails, odd spellings, and text that is an attack."""

import gzip
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.intel.api import Found, observables_in
from pehra.kernel.observables import Observable, ObservableType, defang, parse

LABELS = Path(__file__).with_name("free_text_labels.tsv")
LABELLED_MIN = 200
WORTH_READING = 20  # characters; shorter parts were not labelled
WANTED = 0.95
SECONDS_FOR_AN_ATTACK_MAX = 5.0


def seen(text: str) -> list[tuple[str, str]]:
    return [(one.kind.value, one.value) for one in observables_in(text)]


def text_parts(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each text part of the shared mails once, with its hash."""
    done: set[str] = set()
    for path in sorted(folder.rglob("*.eml*")):
        raw = path.read_bytes()
        for part in message_from_bytes(gzip.decompress(raw) if path.suffix == ".gz" else raw).walk():
            content = part.get_payload(decode=True)
            if part.is_multipart() or part.get_content_type() != "text/plain" or not isinstance(content, bytes):
                continue
            try:
                text = content.decode(part.get_content_charset() or "utf-8", "replace")
            except LookupError:
                text = content.decode("utf-8", "replace")
            digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            if len(text.strip()) >= WORTH_READING and digest not in done:
                done.add(digest)
                yield digest, text


def label(digest: str, kind: str, value: str) -> tuple[str, str, str]:
    """Return an observable of a text as the list keeps it: nothing of the mails can be read out of it."""
    return digest[:16], kind, sha256(f"{digest}\x1f{kind}\x1f{value}".encode()).hexdigest()[:32]


def test_precision_and_recall_over_the_shared_mails(shared_data: Path) -> None:
    """People read every text part of the shared mails and wrote down what a duty officer would take from it.

    A name under a placeholder such as `.tld` is no name; a mail's or record's identifier is no mailbox; a key's
    fingerprint is no file's digest.
    """
    lines = LABELS.read_text("utf-8").splitlines()[1:]
    wanted = {(text, kind, value) for text, kind, value in (line.split("\t") for line in lines)}
    found = {
        label(digest, one.kind.value, one.value)
        for digest, text in text_parts(shared_data / "mail")
        for one in observables_in(text)
    }
    assert len(wanted) >= LABELLED_MIN
    right = Counter(kind for _, kind, _ in wanted & found)
    invented = Counter(kind for _, kind, _ in found - wanted)
    missed = Counter(kind for _, kind, _ in wanted - found)
    for kind in {*right, *invented, *missed}:
        assert right[kind] >= WANTED * (right[kind] + invented[kind]), f"precision of {kind}: {invented[kind]} invented"
        assert right[kind] >= WANTED * (right[kind] + missed[kind]), f"recall of {kind}: {missed[kind]} missed"
    assert right.total() >= WANTED * (right.total() + invented.total())
    assert right.total() >= WANTED * (right.total() + missed.total())


@pytest.mark.parametrize(
    ("text", "observables"),
    [
        ("hxxp://portal[.]example/login.php?a=1).", [("url", "http://portal.example/login.php?a=1")]),
        ("hxxps[:]//evil[.]example/a[.]php, then", [("url", "https://evil.example/a.php")]),
        ("see http: //portal.example/a", [("url", "http://portal.example/a")]),
        ("[url=http://a.example/b]www.C.Example[/url]", [("url", "http://a.example/b"), ("domain", "www.c.example")]),
        ("url(http://a.example/b.png);", [("url", "http://a.example/b.png")]),
        ("<http://[2001:db8::7]:8080/x>", [("url", "http://[2001:db8::7]:8080/x")]),
        ("https://www.example.com/a_(b)", [("url", "https://www.example.com/a_(b)")]),
        ("203[.]0[.]113[.]7:443", [("ipv4", "203.0.113.7")]),
        ("src=203.0.113.9;dst=(203.0.113.10)", [("ipv4", "203.0.113.9"), ("ipv4", "203.0.113.10")]),
        ("203.0.113.1-203.0.113.5", [("ipv4", "203.0.113.1"), ("ipv4", "203.0.113.5")]),
        ("2001[:]db8[:][:]5 at 00:45:59", [("ipv6", "2001:db8::5")]),
        ("198.51.100.0/24 and 198.51.100.7/24", [("prefix", "198.51.100.0/24")]),
        ("portal [ . ] example", [("domain", "portal.example")]),
        ("bad (at) portal (dot) example", [("email", "bad@portal.example")]),
        ("AS64500, ASN 64501 and as 3 hosts", [("asn", "AS64500"), ("asn", "AS64501")]),
        ("cve-2024-1234.", [("cve", "CVE-2024-1234")]),
        ("MD5: D41D8CD98F00B204E9800998ECF8427E", [("md5", "d41d8cd98f00b204e9800998ecf8427e")]),
        ("ہیک شدہ ویب سائٹ portal.exampleپر ہے۔", [("domain", "portal.example")]),
        ("پتہ ۲۰۳.۰.۱۱۳.۷ سے حملہ ہوا۔", [("ipv4", "203.0.113.7")]),
        ("لنک http://portal.example/a۔ مت کھولیں", [("url", "http://portal.example/a")]),
        ("ای میل x@portal.example۔اس کے بعد", [("email", "x@portal.example")]),
        ("اردو۔مثال۔example پر", [("domain", "xn--mgbqf7g.xn--mgbh0fb.example")]),
        ("host-203.0.113.4.portal.example", [("domain", "host-203.0.113.4.portal.example")]),
        ("envelope-from=user@portal.example;", [("email", "user@portal.example")]),
        ("portal[.example and mail.]portal.example", [("domain", "portal.example"), ("domain", "mail.portal.example")]),
        ("soc AT portal DOT example", [("email", "soc@portal.example")]),
        ("203 . 0 . 113 . 7", [("ipv4", "203.0.113.7")]),
        ("*.portal.example and .mail.example", [("domain", "portal.example"), ("domain", "mail.example")]),
        ("the server 203.0.113.7, driver: 203.0.113.8", [("ipv4", "203.0.113.7"), ("ipv4", "203.0.113.8")]),
        ("it is 203.0.113.7.Then it stopped", [("ipv4", "203.0.113.7")]),
        ("[IPv6:2001:db8::1] ip6:2001:db8::/32", [("ipv6", "2001:db8::1"), ("prefix", "2001:db8::/32")]),
        ("source:2001:db8::1 dst:2001:db8::2", [("ipv6", "2001:db8::1"), ("ipv6", "2001:db8::2")]),
        ("CVE\u20112024\u20111234, CVE_2024_1235", [("cve", "CVE-2024-1234"), ("cve", "CVE-2024-1235")]),
        ("CVE 2024-1234, CVE: 2024-1235", [("cve", "CVE-2024-1234"), ("cve", "CVE-2024-1235")]),
        ("http://a.example/,http://b.example/", [("url", "http://a.example/"), ("url", "http://b.example/")]),
        ("http://a.example/1,2;3?to=http://b.example/", [("url", "http://a.example/1,2;3?to=http://b.example/")]),
        (r'"u":"http:\/\/a.example\/b"', [("url", "http://a.example/b")]),
        ("›http://a.example/b‹", [("url", "http://a.example/b")]),
        ("portal.Com, not site.com.Report it", [("domain", "portal.com"), ("domain", "site.com")]),
        ("http://a.example/(b]c)", [("url", "http://a.example/(b")]),
    ],
)
def test_what_people_write_is_read(text: str, observables: list[tuple[str, str]]) -> None:
    assert seen(text) == observables


@pytest.mark.parametrize(
    "text",
    [
        "version 10.4.1.2 of the firmware",
        "invoice.zip, readme.md, setup.py and user.name",
        "The service was restored.It works again",
        "std::string and 00:11:22:33:44:55",
        "Message-ID: <abc@mail.portal.example>",
        "with the message-id of 98b0f5d26a1a@portal.example",
        "Report-ID: 123@portal.example",
        "Fingerprint: A4E317B6DC6494DCC9616366A75AB34CDD0CE552",
        "AS00000",
        "attacker.customer.tld",
        "/var/mail.com/x and C:\\temp\\file.com",
        "smtp.remote-ip=1 header.id=2 module.call()",
        "1.2.3.4.5 and 300.1.1.1",
        '"version":"10.4.1.2", rv:1.9.2.13, section 3.2.1.4, from n/a through 1.6.3.1, ورژن 3.1.2.0',
        "netmask 255.255.255.0, broadcast 255.255.255.255",
        "serial 04:a3:5b:11:9c:00:7f:12",
        "fixed in commit 1f3a9c5e7b2d4f6081a3c5e7092b4d6f8193a5c7",
        "Message-ID: <CAF=77+xyz@mail.portal.example>",
        "Server kharab hai.Report bhej di.Link nahi chala, AC.Band tha",
        "WScript.Shell and document.open",
        "LOOK AT THE DOT IN THE MIDDLE",
        "",
    ],
)
def test_what_only_looks_like_one_is_left_out(text: str) -> None:
    assert seen(text) == []


@pytest.mark.parametrize(
    "attack",
    [
        "a.",
        "a@",
        "http://",
        "1:",
        "[",
        "203.0.",
        "x [.] ",
        "a-",
        "Message-ID: ",
        "<a@b.example>",
        "::",
        "http://a(",
        "۔",
        "http://a)",
        "http://[)",
        "a.]",
        "[.a",
        "http://a,",
        "http:\\/",
        "a AT b DOT ",
        "a AT ",
        "1 . ",
        "1.1.1.1.Aa",
        "CVE ",
        " .a",
        "g:1:",
    ],
)
def test_time_is_linear_in_hostile_text(attack: str) -> None:
    begun = time.process_time()  # what else the machine does is no matter of ours
    observables_in(attack * (400_000 // len(attack)))
    assert time.process_time() - begun < SECONDS_FOR_AN_ATTACK_MAX


def test_a_value_is_given_once_where_it_first_stands() -> None:
    text = "first hxxp://a[.]example/ then http://a.example/"
    assert observables_in(text) == (
        Found(kind=ObservableType.URL, value="http://a.example/", written="hxxp://a[.]example/", start=6),
    )


VALUES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str).filter(lambda text: any(sign.isdigit() for sign in text) and text != "::"),
    st.from_regex(r"[a-z]{1,8}(-[a-z0-9]{1,5})?\.example", fullmatch=True),
    st.from_regex(r"https?://[a-z]{1,8}\.example/[a-z0-9/]{0,9}", fullmatch=True),
    st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True),
    st.from_regex(r"CVE-20[0-9]{2}-[1-9][0-9]{3,6}", fullmatch=True),
)


@given(VALUES, st.sampled_from(["", "(", '"', "<", "«", "پتہ "]), st.sampled_from(["", ",", ".", "؛", "۔", ")", " ہے"]))
def test_a_value_is_found_in_prose_whether_defanged_or_not(value: str, before: str, after: str) -> None:
    wanted = parse(value)
    for written in (value, defang(wanted)):
        text = f"seen {before}{written}{after} today"
        one = next(iter(observables_in(text)), None)
        assert one is not None, text
        assert Observable(one.kind, one.value) == wanted, text
        assert text[one.start : one.start + len(one.written)] == one.written
        assert one.start == len("seen ") + len(before)


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_fault_and_what_is_found_stands_there(text: str) -> None:
    for one in observables_in(text):
        assert text[one.start : one.start + len(one.written)] == one.written
        assert parse(one.value).type is one.kind
