"""Leaks as they come: every form, what is wrong with a row, hostile files; and whatever bytes there are."""

import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.kernel.refusals import Invalid
from pehra.signals.gateways.leak_lines import lines_of
from pehra.signals.rules import leaks
from pehra.signals.rules.leaks import LINE_BYTES_MAX, OF_A_FILE, Limits, Reading

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SMALL = Limits(bytes=2 * 1024 * 1024, rows=50, secrets=20)


def read(content: str | bytes, limits: Limits = OF_A_FILE) -> Reading:
    encoded = content.encode() if isinstance(content, str) else content
    return leaks.read(lines_of(io.BytesIO(encoded), limits), at=AT, limits=limits)


def told(reading: Reading) -> list[tuple[str, str, str, str]]:
    return [
        (row.address, row.service, row.secret.reveal() if row.secret else "", row.kind.value) for row in reading.rows
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Email;Password\nA@Deeds.Example;x y", [("a@deeds.example", "", "x y", "password")]),
        ("url\tusername\tpass\nhttps://deeds.example/in\ta@b.example\tq",
         [("a@b.example", "https://deeds.example", "q", "password")]),
        ("\ufeffmail,hash,salt\na@b.example,abc,def", [("a@b.example", "", "abc", "hash")]),
        ('email,password\na@b.example,"with ""quotes"", and comma"',
         [("a@b.example", "", 'with "quotes", and comma', "password")]),
        ("a@b.example:p:q:r\nb@b.example|x\nc@b.example\n", [
            ("a@b.example", "", "p:q:r", "password"), ("b@b.example", "", "x", "password"), ("c@b.example", "", "", ""),
        ]),
        ("https://login.deeds.example:8443/x:a@b.example:pw",
         [("a@b.example", "https://login.deeds.example", "pw", "password")]),
        ('{"address": "a@b.example", "service": "deeds.example", "password": "x"}\n',
         [("a@b.example", "deeds.example", "x", "password")]),
        ("email,service\nصارف@deeds.example,پاکستان.example",
         [("صارف@deeds.example", "xn--mgbai9azgqp6j.example", "", "")]),
        ("email,url\na@b.example,android://hash==@org.app/", [("a@b.example", "", "", "")]),
        ("email,url\na@b.example,Winter2026", [("a@b.example", "", "", "")]),
    ],
)  # fmt: skip
def test_each_form_is_read(content: str, expected: list[tuple[str, str, str, str]]) -> None:
    reading = read(content)
    assert told(reading) == expected
    assert reading.set_aside_count == 0


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("nobody,x,,", "address", "is no e-mail address"),
        ("a@localhost,x,,", "address", "is no e-mail address"),
        (f"{'a' * 65}@b.example,x,,", "address", "is no e-mail address"),
        ("a\u202e@b.example,x,,", "address", "is no e-mail address"),
        ("a@b.example,x,,yesterday", "leaked_at", "is no date such as 2026-11-24 or 2026-11-24T09:30:00Z"),
        ("a@b.example,x,,2027-01-01", "leaked_at", "is before 1990 or in the future"),
        (
            "a@b.example,x,,0001-01-01T00:00:00+23:00",
            "leaked_at",
            "is no date such as 2026-11-24 or 2026-11-24T09:30:00Z",
        ),
        (f"a@b.example,{'x' * 1025},,", "password", "is longer than 1024 characters"),
        ("a@b.example,x", "line", "has 2 cells where the header has 4"),
        ('a@b.example,"x,,', "line", "has a quote that is not closed"),
        ("a@b.example," + "x" * LINE_BYTES_MAX + ",,", "line", f"is longer than {LINE_BYTES_MAX} bytes"),
        ("a@b.example,\x00,,", "line", "is no UTF-8 text"),
    ],
)
def test_a_bad_row_is_set_aside_by_line_and_field_and_the_rest_is_read(row: str, field: str, reason: str) -> None:
    reading = read(f"email,password,url,date\n{row}\nlast@b.example,x,,2026-11-01\n")
    assert [(one.line, one.field, one.reason) for one in reading.set_aside] == [(2, field, reason)]
    assert [one.address for one in reading.rows] == ["last@b.example"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"\xff\xfee\x00m\x00",
        b"\x1f\x8b\x08\x00",
        b"PK\x03\x04",
        b"name,telephone\nx,y\n",
        b"email,mail\na@b.example,b@b.example\n",
        b"just words",
        b"{}" * 3 + b"\n" * 60 + b"{}\n" * 60,  # more rows than are taken
        b"".join(b"a@b.example:%d\n" % n for n in range(21)),  # more secrets than are taken
        b"a@b.example\n" + b"x" * (3 * 1024 * 1024),  # more bytes than are taken, in one line
    ],
)
def test_what_is_no_leak_or_too_much_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        read(content, SMALL)


def test_only_the_first_thousand_bad_rows_are_named_and_all_are_counted() -> None:
    reading = read("email\n" + "nobody\n" * 1_500)
    assert (reading.set_aside_count, len(reading.set_aside)) == (1_500, leaks.SET_ASIDE_KEPT_MAX)


def test_a_file_that_was_cut_gives_the_rows_that_are_whole() -> None:
    whole = "email,password,url\n" + "".join(f"u{n}@b.example,p{n},https://s.example\n" for n in range(50))
    reading = read(whole[:-22])
    assert (len(reading.rows), reading.set_aside_count) == (49, 1)


_texts = st.text(max_size=40)
_cells = st.one_of(
    _texts, st.sampled_from(["a@b.example", "https://x.example/", "2026-11-01", "", "\x00", "a@b.example:x"])
)
_csv = st.lists(st.lists(_cells, max_size=6).map(",".join), max_size=12).map("\n".join)
_json = st.lists(
    st.dictionaries(st.sampled_from(["email", "password", "url", "leaked_at", "x"]), st.one_of(_cells, st.integers(),
    st.none(), st.lists(_cells, max_size=2)), max_size=5).map(json.dumps), max_size=8
).map("\n".join)  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(
    st.one_of(
        st.binary(max_size=300),
        _csv.map(lambda text: ("email,password,url,leaked_at\n" + text).encode("utf-8", "surrogatepass")),
        _json.map(str.encode),
        _csv.map(lambda text: ("a@b.example:pw\n" + text).encode("utf-8", "surrogatepass")),
    )
)
def test_whatever_comes_is_read_or_refused_and_no_row_is_lost(content: bytes) -> None:
    try:
        reading = read(content)
    except Invalid:
        return
    assert reading.rows_read == len(reading.rows) + reading.duplicates + reading.set_aside_count
    for row in reading.rows:
        assert row.address == row.address.strip()
        assert row.address.count("@") == 1
        row.address.encode()
        assert len(row.address) <= 254
        assert "/" not in row.service.removeprefix("https://").removeprefix("http://")


@settings(deadline=None)
@given(st.text(min_size=6, max_size=30, alphabet=st.characters(categories=["L", "N", "P"])), st.integers(0, 5))
def test_no_word_of_a_row_is_in_what_is_said_of_it(secret: str, place: int) -> None:
    cells = ["a@b.example", "p", "x.example", "2026-11-01"]
    cells.insert(min(place, 4), secret)
    if "," in secret or '"' in secret or len(secret) < 6:
        return
    reading = read("email,password,url,date\n" + ",".join(cells) + "\n" + secret + "\n")
    assert not any(secret in said for one in reading.set_aside for said in (one.field, one.reason))
    assert reading.set_aside_count == 2


def test_what_is_sure_about_masks_and_codes() -> None:
    assert leaks.masked("dania@deeds.example") == "d…@deeds.example"
    assert leaks.code_of("Combo list #7 (2026)") == "combo-list-7-2026"
    assert leaks.kind_of("فہرست ۷").startswith("data-leak/credential-leak/")
    for bad in ("", " \n ", "x" * 81, "a@b.example", "a\x00b"):
        with pytest.raises(Invalid):
            leaks.settled_source(bad)
