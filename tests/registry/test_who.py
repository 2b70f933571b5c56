"""Who answers for it: the most specific asset, its organisation, its teams by law; clear words where there is none."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden
from pehra.registry import api
from pehra.registry.api import Answer, ImportSummary, Standing

TODAY = date(2026, 11, 24)
TakeIn = Callable[..., ImportSummary]


@pytest.fixture
def ask(nation: None, machine: Actor) -> Callable[..., Answer]:
    """Ask about one observable."""

    def asked(text: str, *, on: date = TODAY, by: Actor = machine) -> Answer:
        (answer,) = api.who(observables=[text], on=on, by=by)
        assert answer.observable == text
        return answer

    return asked


HELD = [
    ("198.18.200.1", "prefix:198.18.0.0/16", "op-1"),
    ("198[.]18[.]200[.]1", "prefix:198.18.0.0/16", "op-1"),
    ("::ffff:198.18.200.1", "prefix:198.18.0.0/16", "op-1"),
    ("198.18.7.1", "prefix:198.18.7.0/24", "gov-2"),
    ("198.18.9.9", "host:198.18.9.9", "gov-2"),
    ("198.18.9.8", "prefix:198.18.0.0/16", "op-1"),
    ("198.18.7.128/25", "prefix:198.18.7.0/24", "gov-2"),
    ("198.18.7.0/24", "prefix:198.18.7.0/24", "gov-2"),
    ("198.18.6.0/23", "prefix:198.18.0.0/16", "op-1"),
    ("2001:db8:1::1", "prefix:2001:db8::/32", "op-2"),
    ("2001:db8:7::1", "prefix:2001:db8:7::/48", "gov-1"),
    ("AS64500", "asn:AS64500", "op-1"),
    ("roads.example", "domain:roads.example", "gov-1"),
    ("a.b.ROADS.example.", "domain:roads.example", "gov-1"),
    ("lab.roads.example", "host:lab.roads.example", "gov-2"),
    ("x.lab.roads.example", "domain:roads.example", "gov-1"),
    ("hxxps://pay.roads[.]example/fees/1?x=2", "service:https://pay.roads.example/fees", "gov-2"),
    ("http://198.18.7.9:8080/", "prefix:198.18.7.0/24", "gov-2"),
    ("https://[2001:db8:7::2]/", "prefix:2001:db8:7::/48", "gov-1"),
    ("clerk@mail.roads.example", "domain:roads.example", "gov-1"),
]


def test_the_most_specific_asset_decides(ask: Callable[..., Answer]) -> None:
    for text, asset, organisation in HELD:
        answer = ask(text)
        assert (answer.asset, answer.organisation, answer.standing) == (asset, organisation, Standing.OWNED), text
        assert answer.teams[0].role == "lead"
        because = [role.because for role in answer.teams]
        assert all(reason["rule"] and reason["citation"] and reason["status"] for reason in because)


def test_an_operator_is_the_telecom_team_s_and_the_national_one_knows(ask: Callable[..., Answer]) -> None:
    answer = ask("198.18.200.1")
    assert [(role.team, role.role) for role in answer.teams] == [("ntcert", "lead"), ("pkcert", "inform")]
    assert [contact.email for contact in answer.contacts] == ["law@saffron.example", "noc@saffron.example"]
    assert (answer.sector, answer.territory) == ("telecom", "punjab")


def test_a_part_without_contacts_is_reached_through_its_parent(ask: Callable[..., Answer]) -> None:
    answer = ask("lab.roads.example")
    assert [(contact.organisation, contact.email) for contact in answer.contacts] == [
        ("gov-1", "security@roads.example")
    ]
    assert ask("2001:db8:1::1").note  # op-2 has nobody: it is said


def test_the_country_s_own_space_of_no_known_holder(ask: Callable[..., Answer]) -> None:
    for text in ["198.19.0.1", "something.pk", "a@b.pk", "198.19.0.0/24"]:
        answer = ask(text)
        assert (answer.standing, answer.organisation) == (Standing.UNOWNED, "")
        assert {role.team for role in answer.teams} == {"ntcert", "pkcert"}


NOBODY_S = [
    ("8.8.8.8", Standing.FOREIGN),
    ("2600::1", Standing.FOREIGN),
    ("elsewhere.example", Standing.FOREIGN),
    ("AS3320", Standing.FOREIGN),
    ("8.0.0.0/8", Standing.FOREIGN),
    ("198.0.0.0/8", Standing.DIVIDED),
    ("10.1.2.3", Standing.RESERVED),
    ("127.0.0.1", Standing.RESERVED),
    ("224.0.0.1", Standing.RESERVED),
    ("100.64.0.1", Standing.RESERVED),
    ("fe80::1", Standing.RESERVED),
    ("fd00::/8", Standing.RESERVED),
    ("AS65000", Standing.RESERVED),
    ("d41d8cd98f00b204e9800998ecf8427e", Standing.NOT_AN_ASSET),
    ("CVE-2026-12345", Standing.NOT_AN_ASSET),
]


def test_nobody_s_is_said_in_words(ask: Callable[..., Answer]) -> None:
    for text, standing in NOBODY_S:
        answer = ask(text)
        assert (answer.standing, answer.organisation, answer.teams, answer.error) == (standing, "", (), ""), text
        assert answer.note


GARBAGE = ["", " ", "garbage here", "300.1.1.1", "198.18.0.1/16", "http://", "a@", "\0", "x" * 100_000, "?" * 9]


def test_garbage_is_refused_in_its_own_answer(nation: None, machine: Actor) -> None:
    found = api.who(observables=[*GARBAGE, "198.18.9.9"], on=TODAY, by=machine)
    assert [answer.standing for answer in found] == [*(Standing.REFUSED for _ in GARBAGE), Standing.OWNED]
    assert all(answer.as_json()["error"] for answer in found[:-1])
    assert max(len(answer.observable) for answer in found) <= 200


def test_the_day_decides(ask: Callable[..., Answer]) -> None:
    assert ask("198.18.7.1", on=date(2025, 12, 31)).organisation == "gov-1"
    assert ask("198.18.7.1", on=date(2026, 1, 1)).organisation == "gov-2"
    assert ask("198.18.7.1", on=date(2019, 12, 31)).standing is Standing.UNOWNED
    assert ask("198.18.200.1", on=date(2019, 12, 31)).asset == "prefix:198.18.0.0/15"


def test_what_an_ended_organisation_held_is_of_no_known_holder(ask: Callable[..., Answer], take_in: TakeIn) -> None:
    take_in("organisations", "organisation,sector,valid_to\nop-1,telecom,2026-06-30\n")
    assert ask("AS64500", on=date(2026, 6, 30)).organisation == "op-1"
    assert ask("AS64500", on=date(2026, 7, 1)).standing is Standing.UNOWNED


def test_the_keys_of_the_contract(ask: Callable[..., Answer]) -> None:
    keys = ["observable", "type", "asset", "organisation", "sector", "territory", "teams", "contacts"]
    said = ask("198.18.7.1").as_json()
    assert list(said)[: len(keys)] == keys
    assert set(said["teams"][0]) == {"team", "role", "because"}
    assert {"rule", "citation", "status", "facts"} <= set(said["teams"][0]["because"])
    assert [ask("8.8.8.8").as_json()[key] for key in keys] == ["8.8.8.8", "ipv4", None, None, None, None, [], []]


def test_another_constituency_s_holder_is_not_told(
    ask: Callable[..., Answer], provincial_analyst: Actor, sector_analyst: Actor, stranger: Actor
) -> None:
    told = ask("198.18.200.1", by=sector_analyst)
    assert (told.organisation, bool(told.contacts)) == ("op-1", True)
    hidden = ask("198.18.200.1", by=provincial_analyst)
    assert [role.team for role in hidden.teams] == ["ntcert", "pkcert"]
    assert "op-1" not in str(hidden)
    assert "Saffron" not in str(hidden)
    assert not hidden.contacts
    assert all(not role.because["facts"] for role in hidden.teams)
    with pytest.raises(Forbidden):
        ask("198.18.200.1", by=stranger)


@pytest.mark.usefixtures("nation")
def test_more_than_one_batch_keeps_its_order(machine: Actor) -> None:
    asked = [f"198.18.{n % 256}.1" if n % 3 else "junk junk" for n in range(1_203)]
    found = api.who(observables=asked, on=TODAY, by=machine)
    assert [answer.observable for answer in found] == asked
    assert {answer.organisation for answer in found} == {"", "op-1", "gov-2"}


def test_it_never_crashes(nation: None, machine: Actor, at: datetime) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.one_of(st.text(max_size=60), st.text("0123456789./:abcdef[]@ASas-", max_size=40)), max_size=5))
    def whatever(texts: list[str]) -> None:
        assert len(api.who(observables=texts, on=at.date(), by=machine)) == len(texts)

    whatever()
