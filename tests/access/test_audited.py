"""What a review of every use case found, and that it stays mended."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from scim2_models import User

from pehra.access import api
from pehra.access.api import asking
from pehra.access.rules.tokens import limited
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Forbidden, NotVisible
from pehra.outbox import api as outbox

WHY = {"reason": "the night of the flood"}


@pytest.mark.parametrize(("kept", "broken"), [("access.break-glass", True), ("findings.read", False)])
def test_an_actor_cut_to_less_breaks_no_glass_by_what_was_cut(acting, at, kept, broken):
    officer = limited(acting("officer", "duty-officer", team="punjab-cert"), [kept])
    assert ("city-cert" in api.teams_to_break(by=officer, at=at)) is broken
    if not broken:
        with pytest.raises(Forbidden):
            api.break_glass(role="incident-handler", team="city-cert", hours=1, by=officer, at=at, **WHY)


def test_questions_of_others_do_not_push_one_s_own_out_of_sight(acting, someone, at, monkeypatch):
    monkeypatch.setattr(asking, "PENDING_SHOWN_MAX", 2)
    busy, quiet = acting("busy", "team-lead", team="ntcert"), acting("quiet", "team-lead", team="city-cert")
    for number in range(4):
        api.ask_for_grant(person_id=someone(f"p{number}"), role="team-lead", team="ntcert", by=busy, at=at, **WHY)
    own = api.ask_for_grant(
        person_id=someone("q"), role="team-lead", team="city-cert", by=quiet, at=at + timedelta(seconds=1), **WHY
    )
    assert [row.id for row in api.pending(by=quiet, at=at + timedelta(seconds=2))] == [own]
    assert len(api.pending(by=busy, at=at + timedelta(seconds=2))) == 2


@pytest.mark.parametrize(("after", "held"), [(timedelta(minutes=-1), True), (timedelta(), False)])
def test_a_role_is_over_in_the_very_moment_in_which_it_ends(someone, machine, at, after, held):
    person = someone("visitor")
    until = at + timedelta(hours=1)
    api.grant(person_id=person, role="analyst", team="ntcert", until=until, by=machine, at=at, **WHY)
    actor = api.actor_for(person_id=person, at=until + after)
    assert (actor.teams == frozenset({"ntcert"})) is held
    assert api.may(actor, api.Permission.FINDINGS_READ, teams=["ntcert"]) is held


@pytest.mark.parametrize(("after", "good"), [(timedelta(minutes=-1), True), (timedelta(), False)])
def test_a_token_is_over_in_the_very_moment_in_which_it_ends(someone, machine, at, after, good):
    person = someone("holder", "analyst", team="ntcert")
    token = api.issue_token(
        holder_id=person, name="t", permissions=["findings.read"], valid=timedelta(hours=1), by=machine, at=at
    )
    with nullcontext() if good else pytest.raises(NotVisible):
        api.actor_for_token(token=token, at=at + timedelta(hours=1) + after)


def test_a_message_that_may_not_be_read_is_not_there_to_be_sent_either(acting, someone, machine, at):
    """Who holds a role of another kind in the message's team is told no more than a stranger."""
    person = someone("two", "duty-officer", team="ntcert")
    api.grant(person_id=person, role="registry-editor", team="punjab-cert", by=machine, at=at, **WHY)
    number = outbox.queue(
        kind="test", recipient=outbox.Recipient(name="N", email="", language="en", circle=outbox.Circle.ORGANISATION),
        subject="s", body="b", tlp=Tlp.GREEN, dedupe_key="k", lead_team="punjab-cert", by=machine, at=at,
    )  # fmt: skip
    with pytest.raises(NotVisible):
        outbox.queue_again(message_id=number, by=api.actor_for(person_id=person, at=at), at=at, **WHY)


def test_a_directory_that_was_handed_on_is_of_no_use_to_who_does_not_provide_it(acting, at):
    owner = acting("owner", "organisation-admin", organisation="org-city")
    other = acting("other", "organisation-admin", organisation="org-punjab")
    directory = api.directory_for(by=owner, at=at)
    said = {"user_name": "x", "emails": [User.Emails(value="x@city.example")]}
    with pytest.raises(NotVisible):
        api.add_user(directory=directory, said=User(**said), by=other, at=at)
    assert api.add_user(directory=directory, said=User(**said), by=owner, at=at).user_name == "x"
