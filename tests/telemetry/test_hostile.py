"""Inputs that break parsers: each gives a clear message or rejects, the good part is kept, and nothing is lost."""

import base64
import gzip
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from pehra.kernel.refusals import Invalid
from pehra.telemetry.gateways import csv_rows, inputs
from pehra.telemetry.gateways.staging import Outcome
from tests.telemetry.ground import NAME, Node, report, telnet

HEADERS = list(telnet(0))
GOOD = report([telnet(number) for number in range(20)])
LINES = GOOD.split(b"\n")[:-1]


def with_line(line: bytes, *, at: int = 11) -> bytes:
    """The good report with one more line at some place."""
    return b"\n".join([*LINES[: at - 1], line, *LINES[at - 1 :]]) + b"\n"


def taken(tmp_path: Path, content: bytes, name: str = NAME) -> tuple[Node, Outcome]:
    path = tmp_path / name
    path.write_bytes(content)
    node = Node(tmp_path / "lake")
    outcome = node.ingest(path)
    assert outcome.rows_read == outcome.rows_stored + outcome.rows_duplicate + outcome.rows_rejected
    assert len(node.rejects(outcome)) == outcome.rows_rejected
    return node, outcome


LONG = b",".join([LINES[1], b"surplus", b"fields"])
OPEN = b'2026-11-23 00:00:59,198.18.9.9,tcp,23,a.example,telnet,64496,PK,PUNJAB,LAHORE,0,0,"login'
NUL = LINES[1].replace(b"login", b"lo\0gin")
HUGE = LINES[1].replace(b"login", b"x" * 5_000_000)
SWAPPED = b"198.18.0.9,2026-11-23 00:00:09,tcp,23,a.example,telnet,64496,PK,PUNJAB,LAHORE,0,0,login"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(LONG, "more fields", id="long row"),
        pytest.param(OPEN, "quote", id="open quote"),
        pytest.param(NUL, "NUL", id="NUL byte"),
        pytest.param(HUGE, "longer than", id="5 MB line"),
        pytest.param(SWAPPED, "timestamp is no moment", id="swapped columns"),
        pytest.param(b"complete nonsense", "timestamp is no moment", id="nonsense"),
        pytest.param(LINES[1].replace(b"198.18.0.1", b"198.18.0.999"), "ip is no address", id="no address"),
        pytest.param(b'a,"b"c,d', "quotes do not fit", id="text after a quote"),
    ],
)
@pytest.mark.parametrize("place", [2, 11, 22])
def test_one_bad_line_is_one_reject_with_its_number_and_text(
    line: bytes, reason: str, place: int, tmp_path: Path
) -> None:
    node, outcome = taken(tmp_path, with_line(line, at=place))
    assert (outcome.rows_stored, outcome.rows_rejected) == (20, 1)
    (reject,) = node.rejects(outcome)
    assert reject["line"] == place
    assert reason in reject["reason"]
    assert line.decode()[:60_000].startswith(reject["raw"][:60_000])
    numbers = node.events().sort("raw_line")["raw_line"].to_list()
    assert numbers == [number for number in range(2, 23) if number != place]


def test_many_bad_lines_of_every_kind(tmp_path: Path) -> None:
    bad = [LONG, OPEN, NUL, SWAPPED, b"x", OPEN, HUGE[:2_000_000], LONG, b'"']
    lines = LINES[:1]
    for number, good in enumerate(LINES[1:]):
        lines += [good, bad[number % len(bad)]]
    node, outcome = taken(tmp_path, b"\n".join(lines) + b"\n")
    assert (outcome.rows_stored, outcome.rows_rejected) == (20, 20)
    assert [one["line"] for one in sorted(node.rejects(outcome), key=lambda one: one["line"])] == list(range(3, 43, 2))


def test_a_field_of_several_lines_is_one_row(tmp_path: Path) -> None:
    line = LINES[1].rsplit(b",", 1)[0] + b',"first\nsecond, ""quoted""\n\nfourth"'
    node, outcome = taken(tmp_path, with_line(line))
    assert (outcome.rows_stored, outcome.rows_rejected) == (21, 0)
    events = node.events().sort("raw_line")
    assert events["raw_line"].to_list() == [*range(2, 12), *range(15, 26)]
    assert '"banner":"first\\nsecond, \\"quoted\\"\\n\\nfourth"' in events["extra"][9]


def test_short_rows_are_legal(tmp_path: Path) -> None:
    short = LINES[1].rsplit(b",", 3)[0]
    _, outcome = taken(tmp_path, with_line(short))
    assert (outcome.rows_stored, outcome.rows_rejected) == (21, 0)


@pytest.mark.parametrize("place", [2, 3, 22])
def test_short_rows_are_legal_beside_broken_ones(place: int, tmp_path: Path) -> None:
    short = LINES[1].rsplit(b",", 3)[0]
    _, outcome = taken(tmp_path, with_line(short + b"\n" + OPEN, at=place))
    assert (outcome.rows_stored, outcome.rows_rejected) == (21, 1)


def test_a_cut_file_ends_in_a_reject(tmp_path: Path) -> None:
    node, outcome = taken(tmp_path, GOOD[: GOOD.rindex(b",")])
    assert (outcome.rows_stored, outcome.rows_rejected) == (19, 1)
    assert node.rejects(outcome)[0]["reason"] == "the file ends within this row"
    whole = tmp_path / "2026-11-25-scan_telnet-whole.csv"
    whole.write_bytes(GOOD)
    assert node.ingest(whole).rows_stored == 1


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    _, outcome = taken(tmp_path, GOOD.removesuffix(b"\n"))
    assert (outcome.rows_stored, outcome.rows_rejected) == (20, 0)


@pytest.mark.parametrize(
    ("change", "alarm"),
    [
        pytest.param(lambda text: b"\xef\xbb\xbf" + text, "", id="byte order mark"),
        pytest.param(lambda text: text.replace(b"\n", b"\r\n"), "", id="CRLF"),
        pytest.param(lambda text: text.replace(b"\n", b"\n\n"), "", id="empty lines"),
        pytest.param(lambda text: text.decode().encode("utf-16"), "utf-16", id="UTF-16 with its mark"),
        pytest.param(lambda text: text.decode().encode("utf-16-be"), "utf-16-be", id="UTF-16 without"),
        pytest.param(lambda text: text.replace(b"timestamp", b"TimeStamp"), "", id="capitals in the header"),
    ],
)
def test_other_ways_to_write_the_same_text(change: Callable[[bytes], bytes], alarm: str, tmp_path: Path) -> None:
    node, _ = taken(tmp_path, GOOD)
    other = tmp_path / "2026-11-25-scan_telnet-other.csv"
    other.write_bytes(change(GOOD))
    again = node.ingest(other)
    assert (again.rows_read, again.rows_stored, again.rows_duplicate) == (20, 0, 20)
    assert [alarm] == again.alarms or all(alarm in one for one in again.alarms)
    assert bool(again.alarms) == bool(alarm)


def test_latin_1_is_read_and_said(tmp_path: Path) -> None:
    line = LINES[1].replace(b"LAHORE", "MÜNCHEN".encode("latin-1")).replace(b"login", b"logon")
    node, outcome = taken(tmp_path, with_line(line))
    assert (outcome.rows_stored, outcome.rows_rejected) == (21, 0)
    assert node.events().filter(raw_line=11)["source_city"][0] == "MÜNCHEN"
    assert any("Latin-1" in alarm for alarm in outcome.alarms)
    utf8 = tmp_path / "2026-11-25-scan_telnet-utf8.csv"
    utf8.write_bytes(with_line(line.decode("latin-1").encode()))
    assert node.ingest(utf8).rows_stored == 0


def test_a_cut_gzip_keeps_what_it_held(tmp_path: Path) -> None:
    rows = [telnet(number, banner=f"{number * 7919 % 10_007:x}" * 9) for number in range(5_000)]
    packed = gzip.compress(report(rows))
    node, outcome = taken(tmp_path, packed[: len(packed) // 2], NAME + ".gz")
    assert 1_000 < outcome.rows_stored < 4_000
    assert any("broken" in alarm for alarm in outcome.alarms)
    whole = tmp_path / (NAME + ".2.gz")
    whole.write_bytes(packed)
    rest = node.ingest(whole)
    assert rest.rows_stored == 5_000 - outcome.rows_stored
    assert rest.rows_rejected == 0


def _zip(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".csv", content)
    return out.getvalue()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("before", [0, 1_000_000])
def test_a_long_line_is_found_wherever_the_chunks_end(
    pack: Callable[[bytes], bytes], before: int, tmp_path: Path
) -> None:
    long = LINES[1].replace(b"login", os.urandom(550_000).hex().encode())
    first = LINES[1].replace(b"login", b"y" * before)
    _, outcome = taken(tmp_path, pack(b"\n".join([LINES[0], first, long, LINES[2]]) + b"\n"))
    assert (outcome.rows_stored, outcome.rows_rejected) == (2, 1)


def test_a_member_that_cannot_be_opened_is_refused_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "mail.zip"
    head, _, tail = _zip(a=GOOD, b=GOOD).rpartition(b"PK\x03\x04")
    path.write_bytes(head + b"PK\x00\x00" + tail)
    with pytest.raises(Invalid, match="cannot be unpacked"):
        Node(tmp_path / "lake").ingest(path)


def test_a_zip_of_several_reports(tmp_path: Path) -> None:
    other = report([telnet(number, tag="ftp", port=21) for number in range(5)])
    node, outcome = taken(
        tmp_path, _zip(**{"2026-11-24-scan_telnet-x": GOOD, "in__2026-11-24-scan_ftp-x": other}), "mail.zip"
    )
    assert outcome.rows_stored == 25
    assert [text.report for text in outcome.texts] == ["scan_telnet", "scan_ftp"]
    assert node.events()["classification_identifier"].value_counts().sort("count")["count"].to_list() == [5, 20]


def test_a_note_beside_the_reports_of_a_zip_is_an_alarm(tmp_path: Path) -> None:
    _, outcome = taken(
        tmp_path, _zip(readme=b"Dear colleague,\nsee below\n", **{"2026-11-24-scan_telnet-x": GOOD}), "a.zip"
    )
    assert outcome.rows_stored == 20
    assert len(outcome.alarms) == 1
    assert "readme" in outcome.alarms[0]


def test_batches_shrink_where_rows_are_wide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "BATCH_CELLS", 5 * len(HEADERS))
    _, outcome = taken(tmp_path, GOOD)
    assert [file.rows for file in outcome.files] == [5, 5, 5, 5]


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "empty": (NAME, b"", "is empty"),
    "nothing but a line end": (NAME, b"\n", "no format"),
    "text": ("letter.txt", b"Dear sir,\nplease find attached\n", "no column 'timestamp'"),
    "another report": ("x.csv", b"date,address\n2026-11-23,198.18.0.1\n", "no column 'timestamp'"),
    "JSON array": ("x.json", b'[{"source.ip":"198.18.0.1"}]', "array"),
    "another JSON": ("eve.json", b'{"timestamp":"2026-11-23T00:00:00Z","event_type":"alert"}\n', "IntelMQ"),
    "broken zip": (NAME + ".zip", _zip(a=GOOD)[:-40], "broken zip"),
    "empty zip": (NAME + ".zip", _zip(), "holds no file"),
    "packed twice": (NAME + ".gz", gzip.compress(gzip.compress(GOOD)), "packed twice"),
    "executable": ("a.exe", b"MZ\x90\x00" + b"\0" * 400, "no format"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_input_is_refused_with_a_reason(case: str, tmp_path: Path) -> None:
    name, content, message = REFUSED[case]
    path = tmp_path / name
    path.write_bytes(content)
    node = Node(tmp_path / "lake")
    with pytest.raises(Invalid, match=message):
        node.ingest(path)
    assert not list((tmp_path / "lake").rglob("*.*"))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress, lambda text: _zip(a=text)])
def test_a_bomb_is_refused(pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "RATIO_FREE_BYTES", 1 << 20)
    monkeypatch.setattr(inputs, "UNPACKED_RATIO_MAX", 100)
    path = tmp_path / NAME
    path.write_bytes(pack(GOOD + b"0" * (8 << 20)))
    with pytest.raises(Invalid, match=r"would unpack|unpacks to more"):
        Node(tmp_path / "lake").ingest(path)


def test_a_header_alone_is_no_mistake(tmp_path: Path) -> None:
    _, outcome = taken(tmp_path, LINES[0] + b"\n")
    assert (outcome.rows_read, outcome.alarms) == (0, [])


def test_names_that_stand_twice_in_a_header_are_both_kept(tmp_path: Path) -> None:
    node, outcome = taken(tmp_path, b"timestamp,ip,note,note,\n2026-11-23 00:00:00,198.18.0.1,a,b,c\n")
    assert outcome.rows_stored == 1
    assert node.events()["extra"][0] == '{"note":"a","note_4":"b","column_5":"c"}'
    _, outcome = taken(tmp_path, b"timestamp,ip,note_5,note,note\n2026-11-23 00:00:00,198.18.0.1,a,b,c\n", "2.csv")
    assert outcome.rows_stored == 1


def test_names_that_a_library_reads_as_patterns_are_only_names(tmp_path: Path) -> None:
    row = telnet(1) | {"*": "star", "^.*$": "caret"}
    node, outcome = taken(tmp_path, report([row]))
    assert outcome.rows_stored == 1
    (event,) = node.events().to_dicts()
    assert "star" in event["extra"]
    assert "caret" in event["extra"]


def test_an_unknown_report_is_kept_with_an_alarm(tmp_path: Path) -> None:
    made_up = (
        b'"timestamp","ip","madeup","severity"\n"2026-11-23 00:00:00","198.18.7.1","strange \\ ""thing""","high"\n'
    )
    node, outcome = taken(tmp_path, made_up, "2026-11-24-quantum_leak-country.csv")
    event = node.events().to_dicts()[0]
    assert (event["classification_taxonomy"], event["classification_type"]) == ("other", "undetermined")
    assert (event["organisation"], event["classification_identifier"]) == ("org-hospital", "quantum_leak")
    assert event["extra"] == '{"madeup":"strange \\\\ \\"thing\\"","severity":"high"}'
    assert len(outcome.alarms) == 1
    assert "quantum_leak" in outcome.alarms[0]
    assert len(outcome.sightings) == 0


def test_values_that_are_not_what_their_header_says_are_kept(tmp_path: Path) -> None:
    odd = telnet(1, port="telnet", asn="AS64500", protocol="sctp", hostname="printer")
    node, _ = taken(tmp_path, report([odd]))
    event = node.events().to_dicts()[0]
    assert (event["source_port"], event["source_asn"], event["protocol_transport"]) == (None, None, None)
    for kept in ('"port":"telnet"', '"asn":"AS64500"', '"protocol":"sctp"', '"hostname":"printer"'):
        assert kept in event["extra"]


def test_rejects_keep_bytes_that_are_no_text(tmp_path: Path) -> None:
    line = b"\xff\xfe,198.18.0.1" + b"," * 11
    node, outcome = taken(tmp_path, with_line(line))
    (reject,) = node.rejects(outcome)
    assert base64.b64decode(reject["raw_base64"]) == line


@pytest.mark.parametrize("letter", [b"\xff", b"\n", b"\x1b[31m"])
def test_a_name_that_is_no_text_is_refused_and_named(tmp_path: Path, letter: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/2026-11-23-scan_telnet-" + letter + b".csv"))
    path.write_bytes(GOOD)
    with pytest.raises(Invalid, match="rename it") as refusal:
        Node(tmp_path / "lake").ingest(path)
    assert refusal.value.message.isprintable()


def test_the_raw_input_is_kept_as_it_came(tmp_path: Path) -> None:
    node, outcome = taken(tmp_path, GOOD)
    archived = node.lake.path(node.lake.raw_name(outcome.sha256)).read_bytes()
    assert zstandard.ZstdDecompressor().decompress(archived) == GOOD


def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pehra.telemetry.gateways import parquet

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet, "write_keys", full)
    path = tmp_path / NAME
    path.write_bytes(GOOD)
    node = Node(tmp_path / "lake")
    with pytest.raises(OSError, match="No space"):
        node.ingest(path)
    assert not [one for one in (tmp_path / "lake").rglob("*") if one.is_file()]
    monkeypatch.undo()
    assert node.ingest(path).rows_stored == 20
