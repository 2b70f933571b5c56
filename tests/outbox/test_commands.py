"""`pehra outbox` as a shell calls it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pehra.outbox import api
from pehra.outbox.commands import commands

pytestmark = pytest.mark.django_db


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(commands, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*arguments: object) -> Any:
    return json.loads(run(*arguments).stdout)


def test_list_holds_the_contracts_keys(queue) -> None:
    queue()
    held = queue(email="")

    rows = document("list", "--json")
    assert {"state", "recipient", "attempts", "proof"} <= set(rows[0])
    assert [row["id"] for row in document("list", "--state", "held", "--json")] == [str(held)]
    assert document("list", "--about", "nothing", "--json") == []
    assert len(document("list", "--limit", 1, "--json")) == 1


def test_send_then_list_shows_the_proof(queue) -> None:
    number = queue()

    assert document("send", "--json") == {"sent": 1, "delayed": 0, "failed": 0}
    (row,) = document("list", "--json")
    assert (row["state"], row["attempts"], row["proof"]["message_id"]) == ("sent", 1, f"<{number}@localhost>")
    assert row["proof"]["path"] in run("list").stdout


def test_show_tells_everything(queue) -> None:
    number = queue(attachments=[api.Attachment(name="a.csv", media_type="text/csv", content=b"a")])

    shown = document("show", number, "--json")
    assert (shown["body"], shown["attachments"][0]["name"]) == ("Please look.\n", "a.csv")
    assert "Attachment: a.csv, 1 bytes" in run("show", number).stdout


def test_a_held_message_is_queued_again_with_an_address(queue) -> None:
    number = queue(email="")

    assert run("again", number, "--reason", "found", "--email", "noc@operator.example").stdout == "queued\n"
    assert document("send", "--json")["sent"] == 1


def test_people_read_that_there_is_nothing() -> None:
    assert run("list").stdout == "No messages.\n"


@pytest.mark.parametrize("arguments", [("show", "7"), ("list", "--state", "lost"), ("again", "7")])
def test_wrong_usage_is_two(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
