"""Observables: every type read, one spelling each, and the way out and back again."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.kernel.observables import (
    OBSERVABLE_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    Observable,
    ObservableType,
    defang,
    normalise_domain,
    parse,
    refang,
)
from pehra.kernel.refusals import Invalid

READ = [
    ("198.18.0.1", "ipv4", "198.18.0.1"),
    (" <198[.]18[.]0[.]1>, ", "ipv4", "198.18.0.1"),
    ("::ffff:198.18.0.1", "ipv4", "198.18.0.1"),
    ("2001:DB8:0:0:0:0:0:1", "ipv6", "2001:db8::1"),
    ("[2001:db8::1]", "ipv6", "2001:db8::1"),
    ("2001[:]db8[:][:]1", "ipv6", "2001:db8::1"),
    ("198.18.0.0/15", "prefix", "198.18.0.0/15"),
    ("2001:DB8::/32", "prefix", "2001:db8::/32"),
    ("as64500", "asn", "AS64500"),
    ("ASN 64500", "asn", "AS64500"),
    ("AS1.10", "asn", "AS65546"),
    ("Portal.EXAMPLE.", "domain", "portal.example"),
    ("portal[dot]example", "domain", "portal.example"),
    ("portal [.] example", "domain", "portal.example"),
    ("portal(.)example", "domain", "portal.example"),
    (r"portal\.example", "domain", "portal.example"),
    ("mail[.portal.]example", "domain", "mail.portal.example"),
    ("hxxp://portal[.example/a[.b", "url", "http://portal.example/a%5B.b"),
    ("_dmarc.portal.example", "domain", "_dmarc.portal.example"),
    ("r3---sn-abc.example", "domain", "r3---sn-abc.example"),
    ("bücher.example", "domain", "xn--bcher-kva.example"),
    ("پاکستان۔پاک", "domain", "xn--mgbai9azgqp6j.xn--mgb7owe"),
    ("例え。テスト", "domain", "xn--r8jz45g.xn--zckzah"),
    ("hxxp://Portal[.]example", "url", "http://portal.example/"),
    ("hXXps[://]portal.example:443/a", "url", "https://portal.example/a"),
    ("https://portal.example:8443/A?q=b%2f#c", "url", "https://portal.example:8443/A?q=b%2F#c"),
    ("http://پاکستان۔پاک/صفحہ،", "url", "http://xn--mgbai9azgqp6j.xn--mgb7owe/%D8%B5%D9%81%D8%AD%DB%81"),
    ("hxxp://[2001:DB8::1]:8080/x", "url", "http://[2001:db8::1]:8080/x"),
    ("http://bank.example@198.18.0.1/../etc/passwd", "url", "http://bank.example@198.18.0.1/../etc/passwd"),
    ("hxxp://portal.example/a(at)b[.]php", "url", "http://portal.example/a(at)b.php"),
    ("Abuse@Portal.Example", "email", "abuse@portal.example"),
    ("abuse[@]portal[.]example", "email", "abuse@portal.example"),
    ("abuse(at)portal(dot)example", "email", "abuse@portal.example"),
    ("D41D8CD98F00B204E9800998ECF8427E", "md5", "d41d8cd98f00b204e9800998ecf8427e"),
    ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("E3" * 32, "sha256", "e3" * 32),
    ("cf" * 64, "sha512", "cf" * 64),
    ("cve-2024-3094", "cve", "CVE-2024-3094"),
]

REFUSED = [
    "",
    "   ",
    "hello",
    "1234",
    "198.18.0",
    "198.18.0.256",
    "198.018.0.1",
    "198.18.0.1/15",
    "198.18.0.0/33",
    "fe80::1%eth0",
    "fe80::%1/64",
    "198.18.0.0/",
    "10/8",
    "has host bits set",
    "AS4294967296",
    "AS1.65536",
    "CVE-2024-1",
    "-bad-.example",
    "a..example",
    "*.example",
    "a" * 64 + ".example",
    "a b.example",
    "@portal.example",
    "a@b@portal.example",
    "abuse@",
    "http://",
    "http:///path",
    "http://portal.example:99999/",
    "http://[2001:db8::1/",
    "\x00.example",
    "☃.example",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "x" * (OBSERVABLE_LENGTH_MAX + 1),
    "http://portal.example/" + "a" * OBSERVABLE_LENGTH_MAX,
    "http://portal.example/" + "ا" * 2_000,
]


@pytest.mark.parametrize(("text", "kind", "value"), READ)
def test_each_type_is_read_in_its_one_spelling(text: str, kind: str, value: str) -> None:
    assert parse(text) == Observable(ObservableType(kind), value)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_clearly_an_observable_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


def test_a_prefix_with_host_bits_is_refused_with_the_prefix_it_should_have_been() -> None:
    with pytest.raises(Invalid, match=r"198\.18\.0\.0/16"):
        parse("198.18.5.7/16")


@pytest.mark.parametrize(
    ("value", "defanged"),
    [
        ("198.18.0.1", "198[.]18[.]0[.]1"),
        ("2001:db8::1", "2001[:]db8[:][:]1"),
        ("https://portal.example/a.b", "hxxps[://]portal[.]example/a.b"),
        ("abuse@portal.example", "abuse[@]portal[.]example"),
        ("CVE-2024-3094", "CVE-2024-3094"),
    ],
)
def test_defanged_text_is_what_analysts_write(value: str, defanged: str) -> None:
    assert defang(value) == defanged
    assert defang(parse(value)) == defanged


def test_normalise_domain_takes_a_single_label_and_an_urdu_full_stop() -> None:
    assert normalise_domain("PK.") == "pk"
    assert normalise_domain("پاکستان۔") == "xn--mgbai9azgqp6j"


def test_many_marks_take_time_in_proportion() -> None:
    started = time.process_time()
    for hostile in ("[" * 20_000 + "." + "]" * 20_000, "a[.]" * 20_000, "hxxp:" * 10_000, "[" * 50_000, "a." * 50_000):
        refang(hostile)
        with pytest.raises(Invalid):
            parse(hostile[:TEXT_LENGTH_MAX])
    assert time.process_time() - started < 2


def test_nested_marks_are_undone() -> None:
    assert parse("portal[[.]]example").value == "portal.example"


labels = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?", fullmatch=True)
names = st.lists(labels, min_size=1, max_size=4).map(lambda parts: ".".join([*parts, "example"]))
urdu_names = st.lists(
    st.text(alphabet="ابپتٹثجچحخدڈذرڑزسشصضطظعغفقکگلمنوہیے", min_size=1, max_size=12), min_size=2, max_size=3
).map("۔".join)
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
hosts = st.one_of(names, st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(lambda address: f"[{address}]"))
tails = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
urls = st.builds(
    "{}://{}{}/{}".format, st.sampled_from(["http", "https", "ftp", "tcp"]), hosts, st.sampled_from(["", ":81"]), tails
)
digests = st.sampled_from([32, 40, 64, 128]).flatmap(
    lambda n: st.text("0123456789abcdefABCDEF", min_size=n, max_size=n)
)
emails = st.builds("{}@{}".format, st.from_regex(r"[a-zA-Z0-9.+_-]{1,20}", fullmatch=True), names)
numbers = st.one_of(
    st.integers(0, 2**32 - 1).map("AS{}".format),
    st.builds("CVE-{}-{}".format, st.integers(1999, 2099), st.integers(1000)),
)
observables = st.one_of(
    names, urdu_names, addresses, urls, digests, emails, numbers.filter(lambda text: len(text) < 25)
)


@given(observables)
def test_reading_twice_changes_nothing(text: str) -> None:
    try:
        once = parse(text)
    except Invalid:
        return
    assert parse(once.value) == once


@given(observables)
def test_defanged_text_comes_back_as_it_was(text: str) -> None:
    try:
        seen = parse(text)
    except Invalid:
        return
    assert refang(defang(seen)) == seen.value
    assert parse(defang(seen)) == seen


@given(st.one_of(names, addresses, digests, emails))
def test_well_formed_observables_are_never_refused(text: str) -> None:
    parse(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_crashes(text: str) -> None:
    try:
        seen = parse(text)
    except Invalid:
        return
    assert parse(seen.value) == seen
