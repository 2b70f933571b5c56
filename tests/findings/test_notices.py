"""Notices: one an organisation, at the law's pace, in the reader's language, never twice, never silently none."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.findings import api
from pehra.findings.api import telling
from pehra.findings.models import Finding, Notice
from pehra.kernel.actors import Actor, system
from pehra.kernel.refusals import Forbidden, NotVisible
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.registry import api as registry

from . import conftest as country_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
DAY = timedelta(days=1)


def messages(by: Actor) -> list[outbox.MessageView]:
    """Every message, the oldest first; those of one moment by organisation."""
    rows = [outbox.message(message_id=row.id, by=by) for row in outbox.messages(by=by)]
    return sorted(rows, key=lambda row: (row.queued_at, row.organisation))


def extract(message: outbox.MessageView, by: Actor) -> list[list[str]]:
    view, content = outbox.attachment_content(message_id=message.id, position=0, by=by)
    if view.media_type == "application/zip":
        content = zipfile.ZipFile(io.BytesIO(content)).read(view.name.removesuffix(".zip"))
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_an_organisation_gets_one_notice_for_all_its_findings(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(*(sighting(port=port) for port in range(3)), sighting(organisation="org-0002", teams=["pkcert"], lead_team=""))

    assert api.queue_notices(by=machine, at=at) == 2

    north, river = messages(machine)
    assert (north.recipient_email, river.recipient_email) == ("security@north.example", "khadija@river.example")
    assert [row.state for row in api.findings(by=machine)] == [api.State.NOTIFIED] * 4
    (view,) = [row for row in api.notices(by=machine) if row.organisation == "org-0001"]
    assert (view.findings, view.message, view.road) == (3, north.id, "contact")
    assert view.reference == north.about
    assert [because["rule"] for because in view.because] == ["notice-of-problem", "notice-daily"]


def test_a_notice_says_what_to_do_first_and_what_was_seen(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(*(sighting(port=port) for port in range(12)), sighting(classification_type="c2-server", malware_name=""))
    api.queue_notices(by=machine, at=at)

    (message,) = messages(machine)
    reference = message.about
    assert message.subject == f"[TLP:AMBER] {reference}: 13 problems seen at North Telecom, action needed"
    body = message.body
    assert body.startswith("TLP:AMBER: may be shared within your organisation")
    assert body.index("WHAT TO DO NOW") < body.index("WHAT WAS SEEN") < body.index("WHY YOU")
    assert "1. Infected system (12): Take the device off the network" in body
    assert "2. Command-and-control server (1): Isolate" in body
    assert "- 12 x Infected system (andromeda)" in body
    assert "from 2026-11-24 09:30:00 to 2026-11-24 09:30:00 UTC" in body
    assert "Reported by feed: Sinkhole events." in body
    assert "You are registered as a contact of North Telecom." in body
    assert message.language == "en"


def test_a_reader_of_urdu_gets_urdu_and_an_unknown_one_both(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(sighting(organisation="org-0002"), sighting(organisation="org-0005", lead_team="pkcert"))
    api.queue_notices(by=machine, at=at)

    river, grid = messages(machine)
    assert (river.language, grid.language) == ("ur", "en, ur")
    assert "ابھی کیا کرنا ہے" in river.body
    assert "WHAT TO DO NOW" not in river.body
    assert "دریا بینک" in river.subject
    assert "دریا بینک" in river.body
    assert grid.body.index("WHAT TO DO NOW") < grid.body.index("ابھی کیا کرنا ہے")
    assert all(line.startswith("\u200f") for line in river.body.splitlines() if line)


def test_the_extract_is_the_organisations_own_and_cannot_run(fold, sighting, machine: Actor, at: datetime) -> None:
    evil = '{"banner": "=HYPERLINK(\\"http://evil.example\\")", "n": 1}'
    fold(
        sighting(subject="=cmd|' /C calc'!A1", malware_name="@SUM(1)", evidence=evil, feed_name="+1"),
        sighting(organisation="org-0002", subject="198.18.77.77"),
    )
    api.queue_notices(by=machine, at=at)

    north, _river = messages(machine)
    title, names, row = extract(north, machine)
    assert title == [f"TLP:AMBER | {north.about} | made 2026-11-24T09:30:00Z | all times are UTC"]
    assert "first seen (UTC)" in names
    said = dict(zip(names, row, strict=True))
    assert said["subject"] == "'=cmd|' /C calc'!A1"
    assert said["malware"] == "'@SUM(1)"
    assert said["reported by feed"] == "'+1"
    assert said["first seen (UTC)"] == "2026-11-24 09:30:00"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    assert "198.18.77.77" not in str(row)
    assert north.attachments[0].name == f"{north.about}_TLP-AMBER.csv"


def test_a_large_extract_is_zipped(
    fold, sighting, monkeypatch: pytest.MonkeyPatch, machine: Actor, at: datetime
) -> None:
    monkeypatch.setattr("pehra.findings.rules.extracts.ZIPPED_FROM_BYTES", 100)
    fold(sighting())
    api.queue_notices(by=machine, at=at)

    (message,) = messages(machine)
    assert message.attachments[0].media_type == "application/zip"
    assert len(extract(message, machine)) == 3


def test_a_critical_bodys_notice_is_marked_as_the_law_says(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(sighting(organisation="org-0005"))
    api.queue_notices(by=machine, at=at)

    (message,) = messages(machine)
    assert message.tlp == "TLP:AMBER+STRICT"
    assert message.attachments[0].name.endswith("_TLP-AMBER-STRICT.csv")


def test_a_second_call_tells_nothing_twice(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(sighting())

    assert api.queue_notices(by=machine, at=at) == 1
    assert api.queue_notices(by=machine, at=at) == 0
    assert api.queue_notices(by=machine, at=at + 30 * DAY) == 0
    assert len(messages(machine)) == 1


def test_a_new_finding_within_the_window_waits_for_the_next_notice(
    fold, sighting, machine: Actor, at: datetime
) -> None:
    fold(sighting(port=1))
    api.queue_notices(by=machine, at=at)
    fold(sighting(port=2))

    assert api.queue_notices(by=machine, at=at + DAY - timedelta(seconds=1)) == 0
    assert [row.state for row in api.findings(by=machine)].count(api.State.OPEN) == 1
    assert api.queue_notices(by=machine, at=at + DAY) == 1
    _first, second = messages(machine)
    assert "1 problem seen" in second.subject
    assert len(extract(second, machine)) == 3


def test_what_came_back_is_told_again(fold, sighting, machine: Actor, at: datetime) -> None:
    (view,) = fold(sighting()).new
    api.queue_notices(by=machine, at=at + DAY / 4)
    api.mark_fixed(finding_id=view.id, reason="reinstalled", by=machine, at=at + DAY / 2)
    fold(sighting(last_seen=at + DAY), moment=at + DAY)

    assert api.queue_notices(by=machine, at=at + 2 * DAY) == 1
    page = api.finding(finding_id=view.id, by=machine)
    assert len(page.notices) == 2
    assert [entry.event for entry in page.history] == [
        "findings.folded", "findings.notified", "findings.fixed", "findings.reopened", "findings.notified",
    ]  # fmt: skip


def test_only_the_organisations_that_are_named_are_told(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(sighting(), sighting(organisation="org-0002"))

    assert api.queue_notices(by=machine, at=at, organisations=["org-0002"]) == 1
    assert [message.organisation for message in messages(machine)] == ["org-0002"]
    assert api.queue_notices(by=machine, at=at, organisations=[]) == 0


def test_what_the_law_does_not_oblige_is_not_told_and_stays_open(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(sighting(classification_taxonomy="other", classification_type="undetermined"))

    assert api.queue_notices(by=machine, at=at) == 0
    (view,) = api.findings(by=machine)
    assert view.state is api.State.OPEN
    assert messages(machine) == []
    assert Finding.objects.get().examined == "2026.1", "so that the next call need not ask again"


def test_the_countrys_own_space_has_nobody_to_tell(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(sighting(organisation=""))

    assert api.queue_notices(by=machine, at=at) == 0


def test_without_a_contact_the_lead_team_is_told(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(sighting(organisation="org-0003", lead_team="punjab-cert", teams=["punjab-cert", "pkcert"]))

    assert api.queue_notices(by=machine, at=at) == 1
    (message,) = messages(machine)
    assert message.recipient_email == "duty@punjab.example"
    assert "No contact of Works Department is registered: please pass this on" in message.body
    assert api.notices(by=machine)[0].road == "lead team"


def test_whom_nobody_reaches_is_shown_as_held_and_told_once_somebody_does(
    fold, sighting, tmp_path: Path, machine: Actor, at: datetime
) -> None:
    fold(sighting(organisation="org-0004", lead_team="fcert", teams=["fcert", "pkcert"]))

    assert api.queue_notices(by=machine, at=at) == 0
    (flag,) = messages(machine)
    assert (flag.state, flag.kind, flag.about) == (outbox.State.HELD, "findings.no-contact", "org-0004")
    assert api.findings(by=machine)[0].state is api.State.OPEN, "nobody was told"
    assert api.queue_notices(by=machine, at=at + 2 * DAY) == 0
    assert len(messages(machine)) == 1

    file = tmp_path / "contacts.csv"
    file.write_text("organisation,role,name,email\norg-0004,security,,shop@corner.example\n")
    registry.import_csv(path=file, kind="contacts", by=machine, at=at)
    assert api.queue_notices(by=machine, at=at + 2 * DAY + timedelta(hours=1)) == 1
    assert messages(machine)[-1].recipient_email == "shop@corner.example"


def test_what_is_for_named_persons_only_is_mentioned_and_not_mailed(
    fold, sighting, monkeypatch: pytest.MonkeyPatch, machine: Actor, at: datetime
) -> None:
    sharing = telling.law.sharing

    def stricter(profile: Any, *, entity: Any, on: Any, finding: Any) -> Any:
        marking = sharing(profile, entity=entity, finding=finding, on=on)
        return replace(marking, tlp="TLP:RED") if finding.type == "c2-server" else marking

    monkeypatch.setattr(telling.law, "sharing", stricter)
    fold(sighting(), sighting(subject="198.18.0.99", classification_type="c2-server"))
    api.queue_notices(by=machine, at=at)

    (message,) = messages(machine)
    assert "1 more may not be sent by mail" in message.body
    assert "198.18.0.99" not in str(extract(message, machine))
    assert message.tlp == "TLP:AMBER+STRICT"
    assert api.notices(by=machine)[0].findings == 2


def test_more_than_a_notice_holds_follows_in_the_next(
    fold, sighting, monkeypatch: pytest.MonkeyPatch, machine: Actor, at: datetime
) -> None:
    monkeypatch.setattr(telling, "FINDINGS_A_NOTICE_MAX", 3)
    fold(*(sighting(port=port) for port in range(5)))

    assert api.queue_notices(by=machine, at=at) == 1
    assert "2 more follow in the next notice." in messages(machine)[0].body
    assert api.queue_notices(by=machine, at=at + DAY) == 1
    assert [row.findings for row in api.notices(by=machine)] == [2, 3]


def test_a_notice_is_one_ledger_entry_and_is_seen_by_its_teams(
    fold, sighting, machine: Actor, sector_analyst: Actor, provincial_analyst: Actor, at: datetime
) -> None:
    (view,) = fold(sighting()).new
    api.queue_notices(by=machine, at=at)

    (notice,) = api.notices(by=sector_analyst)
    (entry,) = ledger.history(subject=f"notice:{notice.reference}", by=sector_analyst)
    assert (entry.event, entry.facts["findings"], entry.facts["tlp"]) == ("findings.notified", 1, "TLP:AMBER")
    assert api.notices(by=provincial_analyst) == []
    with pytest.raises(NotVisible):
        api.finding(finding_id=view.id, by=provincial_analyst)


def test_a_notice_reaches_the_maildir_whole(fold, sighting, data_folder: Path, machine: Actor, at: datetime) -> None:
    fold(sighting(organisation="org-0005"))
    api.queue_notices(by=machine, at=at)
    assert outbox.send_due(at=at).sent == 1

    (file,) = (data_folder / "maildir" / "new").glob("*")
    mail = message_from_bytes(file.read_bytes())
    body, attached = mail.get_payload()
    assert "ابھی کیا کرنا ہے" in body.get_payload(decode=True).decode()
    assert attached.get_payload(decode=True).decode("utf-8-sig").startswith('"TLP:AMBER+STRICT | PKN-2026-')


def test_who_may_change_no_finding_queues_no_notice(fold, sighting, stranger: Actor, at: datetime) -> None:
    fold(sighting())

    with pytest.raises(Forbidden):
        api.queue_notices(by=stranger, at=at)
    api.queue_notices(by=replace(stranger, permissions=frozenset({"findings.change"})), at=at)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fold"), st.integers(0, 3), st.sampled_from(["org-0001", "org-0002", "org-0004"])),
        st.tuples(st.just("notify"), st.integers(0, 30), st.just("")),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_whatever_happens_each_finding_is_told_once_and_at_the_laws_pace(steps: Any) -> None:
    with transaction.atomic():
        _tell_and_check(steps, start=datetime.fromisoformat("2026-11-24T00:00:00+00:00"))
        transaction.set_rollback(True)


def _tell_and_check(steps: Any, *, start: datetime) -> None:
    by, moment, make = system("test"), start, country_of.maker(start)
    for what, number, organisation in steps:
        if what == "fold":
            rows = country_of.frame([make(port=number, organisation=organisation)])
            api.fold(sightings=rows, by=by, at=moment)
        else:
            moment += timedelta(hours=number)
            api.queue_notices(by=by, at=moment)
            assert api.queue_notices(by=by, at=moment) == 0
    rows = list(Notice.objects.order_by("number"))
    told = [identifier for row in rows for identifier in row.findings]
    assert len(told) == len(set(told))
    for organisation in {row.organisation for row in rows}:
        times = [row.at for row in rows if row.organisation == organisation]
        assert all(later - earlier >= DAY for earlier, later in pairwise(times))
    assert set(Finding.objects.filter(state="notified").values_list("id", flat=True)) == set(told)
