"""`pehra threads` as a shell calls it."""

import json
from datetime import datetime
from typing import Any

import pytest
from click.testing import CliRunner

from pehra.kernel import clock
from pehra.outbox import api as outbox
from pehra.threads import api
from pehra.threads.commands import commands
from tests.threads.conftest import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(commands, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_what_was_sent_and_answered_is_printed(
    told: outbox.MessageView, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: at)
    assert run("list") == "No threads.\n"
    assert json.loads(run("follow", "--json")) == {"followed": 1, "passed_on": 0, "nobody_left": 0}
    assert run("follow") == "0 followed, 0 passed on, 0 with nobody left\n"
    api.answer(token=token_of(told.id), choice="need-help", note="How?", seen=0, at=at)
    (row,) = json.loads(run("list", "--turn", "us", "--json"))
    assert (row["about"], row["urgent"]) == (told.about, True)
    assert "asks for help" in run("list")
    shown = run("show", row["reference"])
    assert "answered by link: need-help  How?" in shown
    assert "letter to security@north.example" in shown
    page: dict[str, Any] = json.loads(run("show", row["reference"], "--json"))
    assert page["answers"][0]["choice"] == "need-help"
    assert "need-help" in run("ticket", told.about)
    found = json.loads(run("ticket", told.about, "--json"))
    assert found["deliveries"][0]["message"]["message_id"] == told.message_id
    assert run("ticket", "PK-2026-777777") == "Nothing was sent under this number.\n"
