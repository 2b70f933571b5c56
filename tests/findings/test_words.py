"""The words of a notice, its extract and its reader: pure rules."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.findings.rules import extracts, recipients, wording
from pehra.findings.rules.advice import ADVICE, OTHER, advice
from pehra.findings.rules.recipients import Known, Road
from pehra.findings.rules.wording import Group, Name, Telling
from pehra.kernel.markings import Tlp

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
RSIT_TYPES_OF_MACHINES = (
    "infected-system", "c2-server", "malware-distribution", "malware-configuration", "scanner", "exploit", "ids-alert",
    "brute-force", "privileged-account-compromise", "unprivileged-account-compromise", "application-compromise",
    "system-compromise", "ddos", "phishing", "weak-crypto", "ddos-amplifier", "potentially-unwanted-accessible",
    "information-disclosure", "vulnerable-system", "blacklist", "data-leak", "spam",
)  # fmt: skip


def telling(**differently: object) -> Telling:
    said: dict[str, object] = {
        "reference": "PKN-2026-000001",
        "organisation": Name(en="North Telecom", local="نارتھ ٹیلی کام"),
        "team": Name(en="NTCERT"),
        "groups": (Group(type="infected-system", count=2, names=("andromeda",), first_seen=AT, last_seen=AT),),
        "feeds": ("Sinkhole events",),
        "tlp": Tlp.AMBER,
        "extract": "PKN-2026-000001_TLP-AMBER.csv",
        "road": Road.CONTACT,
    }
    return Telling(**(said | differently))  # type: ignore[arg-type]


@given(st.text(max_size=60))
def test_no_cell_of_an_extract_starts_a_formula(text: str) -> None:
    content = extracts.written([(text, f" {text}", 7)], tlp="TLP:AMBER", reference="PKN-2026-000001", at=AT)
    *_head, row = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))

    for cell in row:
        assert not cell.strip(" \u200b\ufeff").startswith(
            ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
        )
        assert "\n" not in cell
        assert "\r" not in cell


def test_an_extract_is_the_same_bytes_for_the_same_findings() -> None:
    content = b"x" * 2_000_000

    assert extracts.packed(content, name="a.csv") == extracts.packed(content, name="a.csv")
    assert extracts.packed(b"x", name="a.csv") == ("a.csv", "text/csv", b"x")


def test_details_leave_out_what_is_empty() -> None:
    assert extracts.details({"a": 1, "b": None, "c": "", "d": 0}) == "a=1; d=0"


@pytest.mark.parametrize("kind", RSIT_TYPES_OF_MACHINES)
def test_each_type_that_feeds_report_has_its_advice_in_both_languages(kind: str) -> None:
    said = advice(kind)

    assert kind in ADVICE
    assert said.do_en != OTHER.do_en
    assert said.name("ur") != said.name("en")
    assert said.do("ur").endswith("۔")
    assert said.do("en").endswith(".")
    assert "fault" not in said.do_en


def test_an_unknown_type_gets_the_last_sentence() -> None:
    assert advice("something-new") is OTHER


@pytest.mark.parametrize("tlp", Tlp)
@pytest.mark.parametrize("road", [Road.CONTACT, Road.LEAD_TEAM])
@pytest.mark.parametrize("languages", [("en",), ("ur",), ("en", "ur"), ("xx",)])
def test_every_notice_says_its_marking_and_reference(tlp: Tlp, road: Road, languages: tuple[str, ...]) -> None:
    said = telling(tlp=tlp, road=road, withheld=1, waiting=3)
    text = wording.body(said, languages)

    assert tlp in text
    assert said.reference in text
    assert said.extract in text
    assert "3" in text
    assert wording.subject(said, languages).startswith(f"[{tlp}] PKN-2026-000001: ")


def test_a_long_name_does_not_overflow_the_subject() -> None:
    assert len(wording.subject(telling(organisation=Name(en="x" * 500)), ("en",))) == 250


def test_many_types_are_cut_and_counted() -> None:
    groups = tuple(Group(type=f"type-{number}", count=1, names=(), first_seen=AT, last_seen=AT) for number in range(30))

    assert "and 5 further types, see the file" in wording.body(telling(groups=groups), ("en",))


def known(role: str, email: str = "", language: str = "en", name: str = "") -> Known:
    return Known(name=name, email=email or f"{role}@north.example", language=language, role=role)


def to(*contacts: Known, team: tuple[Known, ...] = ()) -> recipients.Addressee:
    return recipients.addressee(
        contacts=contacts, team_contacts=team, name="North Telecom", team="NTCERT", offered=("en", "ur")
    )


def test_a_role_for_security_comes_first_then_abuse_then_technical() -> None:
    assert to(known("ceo"), known("technical"), known("abuse"), known("security")).email == "security@north.example"
    assert to(known("ceo"), known("technical"), known("abuse")).email == "abuse@north.example"
    assert to(known("ceo"), known("technical")).email == "technical@north.example"
    assert to(known("ceo")).email == "ceo@north.example"


def test_the_choice_does_not_depend_on_the_order() -> None:
    pair = (known("security", email="b@north.example"), known("security", email="a@north.example"))

    assert to(*pair) == to(*pair[::-1])


def test_the_team_stands_in_and_nobody_is_nobody() -> None:
    assert to(team=(known("duty"),)).road is Road.LEAD_TEAM
    assert (to().road, to().email) == (Road.NOBODY, "")


@pytest.mark.parametrize(
    ("stated", "written"),
    [("en", ("en",)), ("UR", ("ur",)), ("ur-PK", ("ur",)), ("", ("en", "ur")), ("ps", ("en", "ur"))],
)
def test_the_contacts_language_is_written_or_all_that_are_offered(stated: str, written: tuple[str, ...]) -> None:
    assert to(known("security", language=stated)).languages == written


def test_a_name_from_an_import_cannot_break_a_header() -> None:
    assert to(known("security", name="Dania\r\nBcc: x\u2028y")).name == "Dania Bcc: x y"
