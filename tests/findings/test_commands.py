"""`pehra findings` as a shell calls it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pehra.findings.commands import commands

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(commands, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*arguments: object) -> Any:
    return json.loads(run(*arguments).stdout)


def test_list_is_one_document_of_everything_and_filters(fold, sighting) -> None:
    fold(
        *(sighting(port=port) for port in range(120)), sighting(organisation="org-0002", teams=["pkcert"], lead_team="")
    )

    assert len(document("list", "--json")) == 121
    assert len(document("list", "--json", "--limit", 5)) == 5
    assert len(run("list").stdout.splitlines()) == 100
    assert [row["organisation"] for row in document("list", "--organisation", "org-0002", "--json")] == ["org-0002"]
    assert len(document("list", "--open", "--team", "ntcert", "--json")) == 120
    assert document("list", "--team", "fincert", "--json") == []
    row = document("list", "--json")[0]
    assert row["evidence"]["destination_port"] == 80
    assert row["first_seen"] == "2026-11-24T09:30:00Z"
    assert row["because"][0]["rule"] == "lead-telecom"


def test_a_finding_goes_its_way(fold, sighting) -> None:
    (view,) = fold(sighting()).new

    assert document("notify", "--json") == {"notices_queued": 1}
    assert run("fixed", view.id, "--reason", "mended").stdout == "fixed\n"
    assert document("list", "--open", "--json") == []
    assert run("verify", view.id, "--reason", "scanned").stdout == "verified\n"
    assert run("reopen", view.id, "--reason", "back").stdout == "open\n"
    shown = document("show", view.id, "--json")
    assert (shown["state"], shown["reopened"], len(shown["notices"])) == ("open", 1, 1)
    assert "findings.verified" in {entry["event"] for entry in shown["history"]}
    told = run("show", view.id).stdout
    assert "to security@north.example" in told
    assert "Because: lead-telecom (draft)" in told


def test_people_read_that_there_is_nothing() -> None:
    assert run("list").stdout == "No findings.\n"
    assert document("list", "--json") == []


@pytest.mark.parametrize("arguments", [("show", "7"), ("fixed", "7"), ("list", "--limit", "0")])
def test_wrong_usage_is_two(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
