"""The commands, as a shell calls them: one JSON document on stdout, clear words otherwise."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pehra.kernel.refusals import Invalid
from pehra.registry.commands import commands


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run one command with the database that the test has."""

    def ran(*arguments: str, stdin: str | bytes = b"") -> Result:
        result = CliRunner().invoke(commands, arguments, input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return ran


def document(result: Result) -> Any:
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_import_and_its_json(profile: None, run: Callable[..., Result], write: Callable[..., Path]) -> None:
    path = write("organisation,name,sector\nop-1,Saffron,telecom\nop-2,Indigo,nowhere\n")
    said = document(run("import", str(path), "--kind", "organisations", "--json"))
    assert list(said) == ["read", "created", "updated", "unchanged", "rejected"]
    assert [list(reject) for reject in said["rejected"]] == [["line", "field", "message"]]
    assert (said["read"], said["created"], said["rejected"][0]["line"]) == (2, 1, 3)
    told = run("import", str(path), "--kind", "organisations").stdout
    assert "2 read: 0 created, 0 updated, 1 unchanged, 1 rejected" in told
    assert "line 3, sector: there is no 'nowhere'" in told


def test_import_refuses_in_words(profile: None, run: Callable[..., Result], tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="there is no file"):
        run("import", str(tmp_path / "absent.csv"), "--kind", "assets")
    assert run("import", str(tmp_path / "absent.csv"), "--kind", "planets").exit_code == 2
    assert run("import", str(tmp_path / "absent.csv")).exit_code == 2


def test_a_key_that_is_no_text_is_refused_in_words(nation: None, run: Callable[..., Result], write, tmp_path) -> None:
    contacts = "organisation,role,name,email\nop-1,security,Desk,desk@saffron.example\n"
    run("import", str(write(contacts)), "--kind", "contacts")
    binary = tmp_path / "key.der"
    binary.write_bytes(b"\x30\x82\x03\xff\xfe\x00")
    with pytest.raises(Invalid, match="no OpenPGP public key"):
        run("set-key", "op-1", "desk@saffron.example", str(binary))


def test_who_reads_stdin_and_answers_garbage(nation: None, run: Callable[..., Result]) -> None:
    stdin = b"198.18.7.1\n\n  junk junk \n\xff\xfe\x00\n" + b"A" * 100_000 + b"\nroads.example\r\n"
    said = document(run("who", "AS64500", "-", "--on", "2026-11-24", "--json", stdin=stdin))
    assert [answer["organisation"] for answer in said] == ["op-1", "gov-2", None, None, None, "gov-1"]
    assert ["error" in answer for answer in said] == [False, False, True, True, True, False]


def test_who_on_a_day_in_words(nation: None, run: Callable[..., Result]) -> None:
    told = run("who", "198.18.7.1", "--on", "2025-06-01").stdout
    assert "prefix:198.18.7.0/24 of gov-1, Department of Roads (government, punjab)" in told
    assert "lead: punjab-cert, by " in told
    assert "call: security Roads desk <security@roads.example>" in told
    assert "no answer" in run("who", "junk \x1b[31m junk").stdout
    assert "\x1b" not in run("who", "junk \x1b[31m junk").stdout
    assert run("who", "198.18.7.1", "--on", "yesterday").exit_code == 2
    assert run("who").exit_code == 2


def test_lists(nation: None, run: Callable[..., Result]) -> None:
    organisations = {row["organisation"]: row for row in document(run("organisations", "--json"))}
    assert set(organisations) == {"op-1", "op-2", "gov-1", "gov-2", "new-1"}
    assert (organisations["op-1"]["lead_team"], organisations["new-1"]["sector"]) == ("ntcert", None)
    assert "gov-1\tDepartment of Roads\tgovernment\tpunjab\tpunjab-cert" in run("organisations").stdout
    teams = {row["team"]: row for row in document(run("teams", "--json"))}
    assert teams["ntcert"]["organisations_led"] == 2
    assert "pkcert acts" in run("teams").stdout


@pytest.mark.django_db
def test_lists_of_nothing(run: Callable[..., Result]) -> None:
    assert document(run("organisations", "--json")) == document(run("teams", "--json")) == []
    assert "pehra registry import" in run("organisations").stdout
    assert "pehra init" in run("teams").stdout
