"""The end of evidence: two people, a day that is past or an order, no hold; the bytes go and the log stays."""

import json
import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import DatabaseError, IntegrityError, transaction

from pehra.access import api as access
from pehra.access.models import Grant
from pehra.incidents import api
from pehra.incidents.api import EvidenceView, IncidentView
from pehra.incidents.commands import commands
from pehra.incidents.models import Evidence, EvidenceDisposal
from pehra.incidents.rules import custody
from pehra.kernel import clock
from pehra.kernel.actors import Actor, system
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Fault, Forbidden, Gone, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.vault import api as vault

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
LOG = b"Nov 20 03:11:02 host sshd[1]: Accepted password for root from 192.0.2.7\n"
DAY = timedelta(days=1)
PASSWORD = "correct horse battery"


@dataclass(frozen=True, kw_only=True)
class Matter:
    """A closed incident of the telecom CERT with one log that may be destroyed, and two of its people."""

    incident: str
    piece: EvidenceView
    asker: Actor
    second: Actor
    at: datetime

    @property
    def named(self) -> dict[str, Any]:
        return {"ref": self.incident, "number": self.piece.number, "at": self.at}

    def ask(self, **differently: Any) -> EvidenceView:
        return api.ask_for_disposal(**self.named | {"reason": "kept long enough", "by": self.asker} | differently)

    def confirm(self, **differently: Any) -> EvidenceView:
        return api.confirm_disposal(**self.named | {"reason": "so I see it", "by": self.second} | differently)

    def shown(self) -> EvidenceView:
        return api.one_evidence(self.incident, self.piece.number, by=self.asker)


def person(name: str, team: str, at: datetime, **granted: Any) -> Actor:
    machine, before = system("test"), at - 30 * DAY
    id = access.add_person(email=f"{name}@cast.example", name=name.title(), by=machine, at=before)
    said: dict[str, Any] = {"role": "duty-officer", "team": team, "reason": "the cast"} | granted
    access.grant(person_id=id, by=machine, at=before, **said)
    return access.actor_for(person_id=id, at=at)


def close(incident: str, *, by: Actor, at: datetime) -> None:
    api.move(ref=incident, to="dismissed", reason="a test of the operator", by=by, at=at)


def rested(sha256: str, *, at: datetime) -> None:
    """Let a file lie in the vault since long before a moment."""
    long_ago = (at - 30 * DAY).timestamp()
    os.utime(vault.path_of(sha256), (long_ago, long_ago))


@pytest.fixture
def live(opened: IncidentView, at: datetime) -> Matter:
    """The same while its incident is worked on and its day has not come."""
    asker, second = person("asma", "ntcert", at), person("babar", "ntcert", at)
    said: dict[str, Any] = {"name": "auth.log", "content": LOG, "source": "the SOC", "by": asker, "at": at}
    piece = api.add_evidence(ref=opened.reference, **said)
    rested(piece.sha256, at=at)
    return Matter(incident=opened.reference, piece=piece, asker=asker, second=second, at=at)


@pytest.fixture
def matter(live: Matter) -> Matter:
    """It, a year later: closed, and kept until half a year ago."""
    until = live.at.date() + 180 * DAY
    api.keep_evidence_until(**live.named | {"until": until, "reason": "180 days", "by": live.asker})
    close(live.incident, by=live.asker, at=live.at)
    later = live.at + 365 * DAY
    return replace(live, at=later)


@pytest.fixture
def committing(django_capture_on_commit_callbacks: Any) -> Any:
    """Let what follows a commit happen at the end of a `with`, as if it were one."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


# Two people


def test_two_people_end_it_and_all_but_the_bytes_stays(matter: Matter, committing: Any) -> None:
    asked = matter.ask()
    assert asked.disposal is not None
    assert (asked.disposal.outcome, asked.disposal.asked_by) == ("asked", matter.asker.id)
    assert asked.custody[-1].facts == {"order": "", "ends_at": "2027-12-01T09:30:00Z"}
    assert vault.read(matter.piece.sha256) == LOG
    with committing():
        ended = matter.confirm()
    assert ended.destroyed_at == matter.at
    assert not vault.lies(matter.piece.sha256)
    shown = matter.shown()
    assert shown.erased_at == matter.at
    assert (shown.name, shown.size, shown.sha256) == ("auth.log", len(LOG), matter.piece.sha256)
    lines = {line.act: line for line in shown.custody}
    assert list(lines) == ["received", "retention-set", "disposal-asked", "destroyed", "erased"]
    assert (lines["disposal-asked"].by, lines["destroyed"].by) == (matter.asker.id, matter.second.id)
    assert lines["destroyed"].facts["asked_by_name"] == "Asma"
    document = json.loads(json.dumps(api.custody_export(matter.incident, 1, by=matter.asker)))
    assert custody.first_wrong(document["entries"]) is None
    assert document["destroyed_at"]
    assert document["erased_at"]
    told = {entry.event: entry for entry in ledger.history(subject=matter.incident, by=matter.asker)}
    for act in ("disposal-asked", "destroyed", "erased"):
        entry = told[f"incidents.evidence.{act.replace('-', '_')}"]
        assert entry.facts["custody"] == lines[act].digest


def test_nobody_confirms_their_own_request(matter: Matter) -> None:
    matter.ask()
    with pytest.raises(Forbidden, match="Another"):
        matter.confirm(by=matter.asker)
    said = {"outcome": "confirmed", "decided_by": matter.asker.id, "decided_at": matter.at}
    with pytest.raises(IntegrityError, match="needs_two"), transaction.atomic():
        EvidenceDisposal.objects.update(**said)
    assert matter.shown().destroyed_at is None


def test_no_program_is_one_of_the_two(matter: Matter, machine: Actor) -> None:
    with pytest.raises(Forbidden, match="two people"):
        matter.ask(by=machine)
    matter.ask()
    with pytest.raises(Forbidden, match="two people"):
        matter.confirm(by=machine)


def test_two_names_that_are_perhaps_one_person_are_not_two(matter: Matter) -> None:
    newcomer = access.add_person(email="n@cast.example", name="New", by=system("test"), at=matter.at)
    lead = person("lead", "ntcert", matter.at, role="team-lead")
    given = {"role": "duty-officer", "team": "ntcert", "reason": "helps", "by": lead, "at": matter.at - DAY}
    access.grant(person_id=newcomer, **given)
    matter.ask(by=lead)
    with pytest.raises(Forbidden, match="One of you let the other in"):
        matter.confirm(by=access.actor_for(person_id=newcomer, at=matter.at))


@pytest.mark.parametrize("how", ["left", "another role"])
def test_who_asked_must_still_be_able_to(matter: Matter, how: str) -> None:
    gone, machine = person("gone", "ntcert", matter.at), system("test")
    matter.ask(by=gone)
    if how == "left":
        access.close_person(person_id=gone.id, reason=how, by=machine, at=matter.at)
    else:
        (held,) = Grant.objects.filter(person_id=gone.id)
        access.revoke(grant_id=held.id, reason=how, by=machine, at=matter.at)
    with pytest.raises(Forbidden, match="may no longer"):
        matter.confirm()


def test_a_no_leaves_everything_and_who_asked_takes_it_back(matter: Matter) -> None:
    said = matter.named | {"reason": "the case goes on"}
    matter.ask()
    assert api.decline_disposal(**said, by=matter.second).disposal is None
    matter.ask()
    api.decline_disposal(**said, by=matter.asker)
    acts = [line.act for line in matter.shown().custody]
    assert acts[2:] == ["disposal-asked", "disposal-declined", "disposal-asked", "disposal-withdrawn"]
    with pytest.raises(Invalid, match="Nobody asked"):
        matter.confirm()
    assert vault.read(matter.piece.sha256) == LOG


def test_it_is_asked_once_and_nobody_answers_for_ever(matter: Matter) -> None:
    matter.ask()
    with pytest.raises(Invalid, match="asked already"):
        matter.ask(by=matter.second)
    assert [piece.id for piece in api.disposals_waiting(by=matter.second, at=matter.at)] == [matter.piece.id]
    late = matter.at + 8 * DAY
    assert api.disposals_waiting(by=matter.second, at=late) == []
    with pytest.raises(Invalid, match="in time"):
        matter.confirm(at=late)
    matter.ask(at=late)
    assert api.run_out_disposals(at=late) == 0
    assert api.run_out_disposals(at=late + 8 * DAY) == 1
    acts = [line.act for line in matter.shown().custody]
    assert acts[2:] == ["disposal-asked", "disposal-unanswered"] * 2
    matter.ask(at=late + 8 * DAY)
    assert matter.confirm(at=late + 8 * DAY).destroyed_at == late + 8 * DAY


@pytest.mark.parametrize("act", ["ask", "confirm"])
def test_each_says_why(matter: Matter, act: str) -> None:
    if act == "confirm":
        matter.ask()
    with pytest.raises(Invalid) as refused:
        getattr(matter, act)(reason=" ")
    assert refused.value.field == "reason"


# When


def test_while_its_incident_is_worked_on_it_stays_whatever_is_ordered(live: Matter) -> None:
    with pytest.raises(Invalid, match="still worked on"):
        live.ask(order="High Court, order 12 of 2026")


def test_before_its_day_and_without_a_day_only_on_an_order_that_is_named(matter: Matter) -> None:
    early = matter.at - 200 * DAY
    with pytest.raises(Invalid, match="on whose order") as refused:
        matter.ask(at=early)
    assert refused.value.field == "order"
    api.keep_evidence_until(**matter.named | {"until": None, "reason": "a court's order", "by": matter.asker})
    with pytest.raises(Invalid, match="on whose order"):
        matter.ask(order=" ")
    matter.ask(order="High Court, order 12 of 2026")
    matter.confirm()
    assert matter.shown().custody[-1].facts["order"] == "High Court, order 12 of 2026"


def test_its_last_day_is_a_day_of_keeping(matter: Matter) -> None:
    last = matter.piece.added_at + 180 * DAY
    with pytest.raises(Invalid, match="on whose order"):
        matter.ask(at=last)
    assert matter.ask(at=last + DAY).disposal


def test_every_hold_must_be_lifted_first_and_no_order_goes_round_one(matter: Matter) -> None:
    hold = matter.named | {"by": matter.second}
    api.hold_evidence(**hold, reason="FIA inquiry 7")
    matter_held = api.hold_evidence(**hold, reason="Civil suit 3")
    assert [(one.number, one.reason) for one in matter_held.holds] == [(1, "FIA inquiry 7"), (2, "Civil suit 3")]
    for number in (1, 2):
        with pytest.raises(Invalid, match="held by an order"):
            matter.ask(order="High Court, order 12 of 2026")
        api.lift_hold(**hold, hold=number, reason="it has ended")
    with pytest.raises(Invalid, match="No such hold"):
        api.lift_hold(**hold, hold=2, reason="again")
    assert matter.ask().holds == ()


def test_what_changed_since_it_was_asked_counts(matter: Matter) -> None:
    matter.ask()
    api.hold_evidence(**matter.named, reason="FIA inquiry 7", by=matter.asker)
    with pytest.raises(Invalid, match="held by an order"):
        matter.confirm()
    api.lift_hold(**matter.named, hold=1, reason="it has ended", by=matter.asker)
    until = matter.at.date() + DAY
    api.keep_evidence_until(**matter.named, until=until, reason="another rule", by=matter.asker)
    with pytest.raises(Invalid, match="on whose order"):
        matter.confirm()
    assert matter.shown().destroyed_at is None


# Who


def test_only_the_team_that_leads_ends_evidence(
    matter: Matter, provincial_analyst: Actor, organisation_contact: Actor, stranger: Actor, at: datetime
) -> None:
    """`pkcert` supports the work on this incident: it may hold a piece, and neither end one nor lift a hold."""
    matter.ask()
    supporting, handler = person("supporting", "pkcert", at), person("handler", "ntcert", at, role="incident-handler")
    named: dict[str, Any] = matter.named | {"reason": "none of mine"}
    api.hold_evidence(**named, by=supporting)
    no_leads = (supporting, handler, organisation_contact)
    for act in (matter.ask, matter.confirm):
        for somebody in no_leads:
            with pytest.raises(Forbidden):
                act(by=somebody)
        for hidden in (stranger, provincial_analyst):
            with pytest.raises(NotVisible):
                act(by=hidden)
    for somebody in no_leads:
        with pytest.raises(Forbidden):
            api.decline_disposal(**named, by=somebody)
        with pytest.raises(Forbidden):
            api.lift_hold(**named, hold=1, by=somebody)
    for outsider in (stranger, provincial_analyst, organisation_contact):
        assert api.disposals_waiting(by=outsider, at=matter.at) == []


# What is merged, and exercises


def test_what_is_part_of_another_ends_with_that_and_is_parted_and_sent_on_as_before(
    live: Matter, finding: Any, outcome: Any, machine: Actor, committing: Any
) -> None:
    (other,) = api.open_from_findings(outcome=outcome(finding(malware="other")), by=machine, at=live.at)
    api.merge(ref=live.incident, into=other.reference, reason="one matter", by=machine, at=live.at)
    with pytest.raises(Invalid, match="still worked on"):
        live.ask(order="order 12")
    close(other.reference, by=live.asker, at=live.at)
    live.ask(order="order 12")
    with committing():
        live.confirm()
    (shown,) = api.evidence(other.reference, by=live.asker)
    assert (shown.incident, shown.destroyed_at) == (live.incident, live.at)
    api.unmerge(ref=live.incident, reason="two matters", by=machine, at=live.at)
    assert api.evidence(other.reference, by=live.asker) == []
    assert live.shown().erased_at == live.at
    for format in api.formats_for(Tlp(api.heading(live.incident, by=live.asker).incident.tlp)):
        assert api.document(ref=live.incident, format=format, by=live.asker, at=live.at).content


def test_evidence_of_an_exercise_ends_by_the_same_rules(live: Matter) -> None:
    api.mark_exercise(ref=live.incident, exercise=True, reason="a drill", by=live.asker, at=live.at)
    with pytest.raises(Invalid, match="still worked on"):
        live.ask(order="end of the drill")
    close(live.incident, by=live.asker, at=live.at)
    live.ask(order="end of the drill")
    with pytest.raises(Forbidden):
        live.confirm(by=live.asker)
    assert live.confirm().destroyed_at


# Afterwards


def test_what_is_destroyed_is_gone_for_every_act(matter: Matter, committing: Any) -> None:
    matter.ask()
    with committing():
        matter.confirm()
    said = matter.named | {"by": matter.asker}
    for act in (
        lambda: api.give_out_evidence(**said, password=PASSWORD, reason="analysis"),
        lambda: api.hand_over_evidence(**said, to="laboratory", reason="analysis"),
        lambda: api.quarantine_evidence(**said, quarantined=True, reason="odd"),
        lambda: api.check_evidence(**said),
        lambda: api.keep_evidence_until(**said, until=None, reason="after all"),
        lambda: api.hold_evidence(**said, reason="too late"),
        lambda: matter.ask(),
        lambda: matter.confirm(),
    ):
        with pytest.raises(Gone, match="was destroyed"):
            act()
    again = api.add_evidence(ref=matter.incident, name="a", content=LOG, source="x", by=matter.asker, at=matter.at)
    assert vault.read(again.sha256) == LOG


def test_a_file_that_goes_while_it_is_given_out_is_said_to_be_gone(
    matter: Matter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone_meanwhile(sha256: str) -> bytes:
        Evidence.objects.update(destroyed_at=matter.at)
        raise vault.Broken("not there")

    monkeypatch.setattr(vault, "read", gone_meanwhile)
    with pytest.raises(Gone):
        api.give_out_evidence(**matter.named, by=matter.asker, password=PASSWORD, reason="analysis")


def test_one_who_dies_between_table_and_file_leaves_what_the_worker_takes_away(matter: Matter) -> None:
    """Without the end of the transaction nothing follows the act: so it is for who is killed right after it."""
    matter.ask()
    matter.confirm()
    assert vault.lies(matter.piece.sha256)
    assert matter.shown().erased_at is None
    assert api.destroyed_and_there(at=matter.at + DAY) == 1
    assert api.erase_destroyed(at=matter.at + DAY) == 1
    assert not vault.lies(matter.piece.sha256)
    assert api.erase_destroyed(at=matter.at + DAY) == 0
    assert api.destroyed_and_there(at=matter.at + DAY) == 0
    assert [line.act for line in matter.shown().custody][-2:] == ["destroyed", "erased"]


def test_one_who_dies_between_file_and_table_is_followed_by_the_log(matter: Matter) -> None:
    matter.ask()
    matter.confirm()
    vault.path_of(matter.piece.sha256).unlink()
    assert api.erase_destroyed(at=matter.at) == 1
    assert matter.shown().erased_at == matter.at


def test_a_disk_that_refuses_leaves_it_for_the_next_round(
    matter: Matter, committing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(sha256: str, *, older_than: float) -> bool:
        raise Fault("the disk is read-only")

    matter.ask()
    with monkeypatch.context() as patched, committing():
        patched.setattr(vault, "remove", refused)
        matter.confirm()
    assert matter.shown().destroyed_at
    assert matter.shown().erased_at is None
    assert api.erase_destroyed(at=matter.at) == 1


# The same bytes elsewhere


def test_the_same_bytes_of_another_incident_stay_until_the_last_is_destroyed(
    matter: Matter, finding: Any, outcome: Any, machine: Actor, committing: Any
) -> None:
    (opened,) = api.open_from_findings(outcome=outcome(finding(malware="other")), by=machine, at=matter.at)
    said: dict[str, Any] = {"name": "same.log", "content": LOG, "source": "the SOC", "by": matter.asker}
    twin = api.add_evidence(ref=opened.reference, at=matter.at, **said)
    rested(twin.sha256, at=matter.at)
    matter.ask()
    with committing():
        matter.confirm()
    assert vault.read(twin.sha256) == LOG
    assert matter.shown().erased_at is None
    assert api.erase_destroyed(at=matter.at) == 0
    other = replace(matter, incident=opened.reference, piece=twin)
    close(other.incident, by=matter.asker, at=matter.at)
    other.ask(order="order 12")
    with committing():
        other.confirm()
    assert not vault.lies(twin.sha256)
    assert other.shown().erased_at == matter.at
    assert api.erase_destroyed(at=matter.at) == 1
    assert matter.shown().erased_at == matter.at


def test_bytes_that_come_in_again_right_then_stay(matter: Matter, committing: Any) -> None:
    """They lie in the vault before the row that will name them: who destroys must not take them from under it."""
    matter.ask()
    now = matter.at.timestamp()
    os.utime(vault.path_of(matter.piece.sha256), (now, now))
    with committing():
        matter.confirm()
    assert vault.lies(matter.piece.sha256)
    assert api.erase_destroyed(at=matter.at + timedelta(hours=2)) == 1


# The database itself


def test_the_database_lets_nothing_be_erased_that_was_not_destroyed(matter: Matter) -> None:
    with pytest.raises(DatabaseError, match="ends_once"), transaction.atomic():
        Evidence.objects.update(erased_at=matter.at)


def test_the_command_shows_what_waits(matter: Matter) -> None:
    run = CliRunner().invoke
    assert run(commands, ["evidence", "disposals"]).output == "None.\n"
    matter.ask(at=clock.now() + 400 * DAY)
    (line,) = run(commands, ["evidence", "disposals"]).output.splitlines()
    assert line.split()[:2] == [matter.incident, "E1"]
    assert "Asma" in line
