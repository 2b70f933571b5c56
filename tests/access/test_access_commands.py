"""The machine's own commands: one JSON document, exit codes 0, 1 and 2, and what they refuse."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner

from pehra.access import api
from pehra.access.commands import commands
from pehra.access.models import Grant
from pehra.kernel.refusals import Invalid, NotVisible


def run(*said: str):
    return CliRunner().invoke(commands, list(said))


@pytest.fixture(autouse=True)
def now(at, monkeypatch):
    monkeypatch.setattr("pehra.kernel.clock.now", lambda: at)


def test_roles_are_told_in_words_and_as_json(db):
    rows = json.loads(run("roles", "--json").stdout)
    assert {"role", "who_may_hold", "scopes", "permissions", "second_person"} <= rows[0].keys()
    assert rows[0]["who_may_hold"] in run("roles").stdout


@pytest.mark.parametrize(("team", "code", "word"), [("ntcert", 0, "yes"), ("pkcert", 1, "no")])
def test_why_answers_with_its_exit_code(someone, team, code, word):
    someone("asked", "analyst", team="ntcert")
    said = run("why", "asked@cast.example", "findings.read", "--team", team)
    assert (said.exit_code, said.stdout.split()[0]) == (code, word)
    told = json.loads(run("why", "asked@cast.example", "findings.read", "--team", team, "--json").stdout)
    assert told["allowed"] is (code == 0)
    assert told["because"]


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (("why", "asked@cast.example", "findings.eat"), Invalid),
        (("why", "nobody@cast.example", "findings.read"), NotVisible),
        (("add", "x@y.example", "X", "--language", "zz"), Invalid),
        (("grant", "asked@cast.example", "analyst", "--team", "ntcrt", "--reason", "slip"), Invalid),
        (("grant", "asked@cast.example", "analyst", "--guided", "--reason", "slip"), Invalid),
    ],
)
def test_what_cannot_be_used_is_refused(someone, said, refusal):
    someone("asked")
    assert isinstance(run(*said).exception, refusal)


def test_a_role_is_given_guided_and_on_the_council(someone):
    person = someone("asked")
    assert (
        run("grant", "asked@cast.example", "team-lead", "--team", "pkcert", "--guided", "--reason", "x").exit_code == 0
    )
    assert run("grant", "asked@cast.example", "council-member", "--council", "--reason", "x").exit_code == 0
    assert {str(row.scope) for row in api.people(by=_machine(), at=_at())[0].grants} == {"guided:pkcert", "council"}
    assert Grant.objects.filter(person_id=person, granted_by="pehra.cli").count() == 2


def _machine():
    from pehra.kernel.actors import system

    return system("test")


def _at():
    from pehra.kernel import clock

    return clock.now()


def test_review_glass_and_service_accounts(someone, acting, at, monkeypatch):
    by = acting("breaker", "analyst", team="pkcert")
    given = api.break_glass(role="duty-officer", team="pkcert", reason="nobody is there", hours=1, by=by, at=at)
    (glass,) = json.loads(run("glass", "--unreviewed", "--json").stdout)
    assert glass["grant"] == str(given)
    assert run("judge", str(given), "justified", "--note", "it was").exit_code == 0
    assert json.loads(run("glass", "--unreviewed", "--json").stdout) == []
    account = UUID(run("service", "tickets@node.example", "Tickets").stdout.strip())
    assert api.actor_for(person_id=account, at=at).kind == "service"
    due = at + api.policy(at=at).review_every
    monkeypatch.setattr("pehra.kernel.clock.now", lambda: due)
    rows = json.loads(run("due", "--json").stdout)
    ids = [row["grant"] for row in rows]
    assert run("review", *ids, "--keep", "--reason", "asked").stdout.strip() == f"kept: {len(ids)}"
    assert json.loads(run("due", "--json").stdout) == []
    assert "ended by themselves" in run("sweep").stdout
    assert run("close", "breaker@cast.example", "--reason", "left").stdout.strip() == "inactive"
    assert run("close", "breaker@cast.example", "--reason", "back", "--reopen").stdout.strip() == "active again"


def test_pending_questions_are_listed(someone, acting, at):
    lead = acting("lead", "team-lead", team="pkcert")
    api.ask_for_grant(
        person_id=someone("taker"), role="team-lead", team="pkcert", until=at + timedelta(days=30), reason="deputy",
        by=lead, at=at,
    )  # fmt: skip
    (row,) = json.loads(run("pending", "--json").stdout)
    assert (row["role"], row["scope"], row["may_decide"]) == ("team-lead", "team:pkcert", False)
    assert "taker@cast.example" in run("pending").stdout


def test_the_machine_recovers_and_changes_an_address(someone):
    person = someone("minister", "team-lead", team="pkcert")
    said = run("recover", "minister@cast.example", "--reason", "came to the desk", "--site", "https://pehra.example")
    assert said.stdout.startswith("https://pehra.example/access/link/")
    assert isinstance(run("recover", "minister@cast.example", "--reason", "x", "--site", "ftp://x").exception, Invalid)
    assert run("change-email", "minister@cast.example", "m@cast.example", "--reason", "moved").stdout == "changed\n"
    assert api.person(person_id=person, by=_machine(), at=_at()).email == "m@cast.example"
