"""A leak comes in: findings, notices, signals; the same again adds nothing; who sees what of it."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from pehra.access import api as access
from pehra.access.models import Person
from pehra.findings import api as findings
from pehra.findings.models import Finding, Notice
from pehra.incidents import api as incidents
from pehra.kernel import clock
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.registry import api as registry
from pehra.signals import api
from pehra.signals.models import Leak, LeakedAccount
from tests.signals.leaked import MACHINE, Nation, give_password, lay_out, take

pytestmark = pytest.mark.django_db
COUNTS = ("rows_read", "duplicates", "set_aside", "new", "reopened", "seen_again")
MACHINE_ID = UUID(int=1)
LEAK = """email,password,url,leaked_at
clerk@deeds.example,Tulip-77-garden,https://vpn.deeds.example/login?token=abc,2026-11-20
clerk@deeds.example,Tulip-77-garden,https://vpn.deeds.example/login?token=abc,2026-11-20
nurse@ward.meadow.example,Another-secret-9,,2026-11-20
someone@nowhere.test,Whatever-12345,,2026-11-20
engineer@webmail.test,Infostealer-pass,https://portal.river.example,2026-11-21
who@gov-mail.example,Unowned-secret-1,,2026-11-21
not an address,Broken-row-secret,,2026-11-21
"""


@pytest.fixture
def nation(db, tmp_path: Path, at: datetime) -> Nation:
    """The small country, its people, and what they hold."""
    return lay_out(tmp_path, at)


def test_each_owner_has_a_finding_and_a_notice_and_nobody_elses_address_is_kept(nation: Nation, at: datetime) -> None:
    said = take(LEAK, at=at)
    assert (said.rows_read, said.duplicates, said.set_aside_count, said.strangers, said.kept) == (7, 1, 1, 1, 4)
    assert said.set_aside == (api.SetAside(line=8, field="address", reason="is no e-mail address"),)
    rows = {row.subject: row for row in findings.findings(by=MACHINE)}
    assert set(rows) == {
        "clerk@deeds.example", "nurse@ward.meadow.example", "engineer@webmail.test", "who@gov-mail.example"
    }  # fmt: skip
    clerk = rows["clerk@deeds.example"]
    assert (clerk.organisation, clerk.kind) == ("org-0003", "data-leak/credential-leak/combo-list-7")
    assert (clerk.taxonomy, clerk.subject_type) == ("information-content-security", "email")
    assert clerk.facts["service"] == "https://vpn.deeds.example"  # neither path nor query, which may hold a secret
    assert rows["engineer@webmail.test"].organisation == "org-0002"  # by the service, for want of a domain
    assert rows["who@gov-mail.example"].organisation == ""
    assert {notice.organisation for notice in findings.notices(by=MACHINE)} == {"org-0001", "org-0002", "org-0003"}
    assert not LeakedAccount.objects.filter(address__endswith="nowhere.test").exists()


def test_the_same_leak_again_adds_nothing_and_a_new_secret_is_news(nation: Nation, at: datetime) -> None:
    take(LEAK, at=at)
    before = list(Finding.objects.order_by("id").values())
    again = take(LEAK, at=at + timedelta(hours=1))
    assert (again.kept, again.known) == (0, 4)
    assert list(Finding.objects.order_by("id").values()) == before
    renewed = take("email,password,url,leaked_at\nclerk@deeds.example,Newer-secret-3,https://vpn.deeds.example,2026-11-20",
                   at=at + timedelta(hours=2))  # fmt: skip
    assert (renewed.kept, renewed.known) == (1, 0)
    assert Finding.objects.get(subject="clerk@deeds.example").times == 2


def test_a_secret_that_leaked_before_is_known_again_under_another_salt(nation: Nation, at: datetime) -> None:
    take("clerk@deeds.example:Tulip-77-garden", at=at)
    take("clerk@deeds.example:Tulip-77-garden", at=at, source="Other list")
    take("clerk@deeds.example:Another-one", at=at, source="Third list")
    rows = {row.source: row for row in LeakedAccount.objects.all()}
    assert [rows[name].repeated for name in ("Combo list 7", "Other list", "Third list")] == [False, True, False]
    assert len({bytes(row.check_value) for row in rows.values()}) == 3
    assert len({bytes(leak.salt) for leak in Leak.objects.all()}) == 3


def test_a_person_whose_password_leaked_loses_it_and_their_sessions_and_is_told(
    nation: Nation, at: datetime, client, settings
) -> None:
    settings.PEHRA_MFA_REQUIRED = False
    give_password(nation.people["telecom"], "Tulip-77-garden")
    person = Person.objects.get(id=nation.people["telecom"])
    token = access.issue_link(person_id=person.id, by=MACHINE, at=clock.now())
    assert client.post(f"/access/link/{token}").status_code == 302
    assert client.get("/findings/").status_code == 200
    take("telecom@river.example:Tulip-77-garden", at=at)
    assert not Person.objects.get(id=person.id).has_usable_password()
    assert client.get("/findings/").status_code == 302
    events = {entry.event: entry.facts for entry in ledger.history(subject=f"person:{person.id}", by=MACHINE)}
    assert events["access.credential.changed"]["change"] == "revoke"
    assert events["access.session.ended"]["which"] == "all"
    assert events["signals.leak.received"] == events["signals.leak.received"] | {"in_use": True, "ended": True}
    letters = [row for row in outbox.messages(by=MACHINE) if row.recipient_email == person.email]
    assert [letter.kind for letter in letters] == ["signals.leaked-password"]
    assert LeakedAccount.objects.get(person_id=person.id).in_use is True


def test_a_person_whose_password_is_another_keeps_it_and_the_signal_goes_all_the_same(
    nation: Nation, at: datetime
) -> None:
    give_password(nation.people["telecom"], "Something-else-5")
    take("telecom@river.example:Tulip-77-garden", at=at)
    assert Person.objects.get(id=nation.people["telecom"]).check_password("Something-else-5")
    entries = ledger.history(subject=f"person:{nation.people['telecom']}", by=MACHINE)
    assert [entry.facts["in_use"] for entry in entries if entry.event == "signals.leak.received"] == [False]
    assert not [entry for entry in entries if entry.event == "access.credential.changed"]


def test_nobody_guesses_a_password_by_handing_in_leaks(nation: Nation, at: datetime) -> None:
    give_password(nation.people["telecom"], "Tulip-77-garden")
    guesses = "\n".join(
        [*(f"telecom@river.example:guess-{n}" for n in range(10)), "telecom@river.example:Tulip-77-garden"]
    )
    take(guesses, at=at, by=nation.actor("national"))
    assert Person.objects.get(id=nation.people["telecom"]).check_password("Tulip-77-garden")
    assert LeakedAccount.objects.filter(in_use__isnull=True).count() == 1
    take("telecom@river.example:Tulip-77-garden", at=at, source="Again")  # within the day: not compared either
    assert Person.objects.get(id=nation.people["telecom"]).has_usable_password()
    take("telecom@river.example:Tulip-77-garden", at=at + timedelta(days=2), source="Later")
    assert not Person.objects.get(id=nation.people["telecom"]).has_usable_password()


def test_a_finding_that_was_fixed_stays_so_for_what_leaked_before_and_opens_for_what_leaked_after(
    nation: Nation, at: datetime
) -> None:
    take("email,leaked_at\nclerk@deeds.example,2026-11-01", at=at - timedelta(days=2))
    finding = findings.findings(by=MACHINE)[0]
    findings.mark_fixed(finding_id=finding.id, reason="password renewed", by=MACHINE, at=at - timedelta(days=1))
    take("email,leaked_at,url\nclerk@deeds.example,2026-11-02,https://a.deeds.example", at=at)
    assert findings.finding(finding_id=finding.id, by=MACHINE).finding.state is findings.State.FIXED
    take("email,leaked_at\nclerk@deeds.example,2026-11-24", at=at)
    page = findings.finding(finding_id=finding.id, by=MACHINE)
    assert (page.finding.state, len(page.notices)) == (findings.State.NOTIFIED, 2)  # told again


def test_a_notice_is_marked_as_strictly_as_the_source_wants(nation: Nation, at: datetime) -> None:
    take("clerk@deeds.example", at=at, tlp="amber+strict")
    assert Notice.objects.get().tlp == "TLP:AMBER+STRICT"
    take("person@river.example", at=at, tlp="red", source="Red list")
    red = Notice.objects.get(organisation="org-0002")
    message = outbox.message(message_id=red.message, by=MACHINE)
    assert "person@river.example" not in message.body
    assert not message.attachments
    with pytest.raises(Invalid):
        take("clerk@deeds.example", at=at, tlp="purple")


def test_a_leak_over_many_organisations_opens_an_incident_by_law_in_the_same_act(
    nation: Nation, at: datetime, tmp_path: Path
) -> None:
    many = range(100, 140)
    sectors = ("telecom", "health", "government", "power", "banking-finance")
    lands = ("punjab", "sindh", "kp", "balochistan")
    texts = {
        "organisations": ["organisation,name,sector,territory,classes"]
        + [f"org-{n:04d},Body {n},{sectors[n % 5]},{lands[n % 4]},private" for n in many],
        "assets": ["type,value,organisation", *(f"domain,body{n}.example,org-{n:04d}" for n in many)],
    }
    for kind, lines in texts.items():
        (tmp_path / f"{kind}.csv").write_text("\n".join(lines))
        assert not registry.import_csv(path=tmp_path / f"{kind}.csv", kind=kind, by=MACHINE, at=at).rejected
    take("\n".join(f"staff@body{n}.example" for n in many), at=at)
    assert [row.widespread for row in incidents.incidents(by=MACHINE).rows] == [True]


def test_who_sees_what_of_a_leak(nation: Nation, at: datetime) -> None:
    leak = take(LEAK, at=at, by=nation.actor("telecom"))
    assert (leak.rows_read, leak.kept, leak.strangers, leak.accounts) == (7, None, None, 2)
    for who, addresses in {
        "telecom": {"engineer@webmail.test", "who@gov-mail.example"},
        "contact": {"engineer@webmail.test"},
        "auditor": {"e…@webmail.test", "w…@gov-mail.example"},
        "national": {
            "clerk@deeds.example",
            "nurse@ward.meadow.example",
            "engineer@webmail.test",
            "who@gov-mail.example",
        },
    }.items():
        page = api.leak(leak_id=leak.id, by=nation.actor(who))
        assert {account.address for account in page.accounts} == addresses, who
        assert [row.id for row in api.leaks(by=nation.actor(who))] == [leak.id], who
        assert (page.leak.set_aside_count is not None) is (who == "telecom"), who
    for who in ("operator", "council"):
        assert api.leaks(by=nation.actor(who)) == []
        with pytest.raises(NotVisible):
            api.leak(leak_id=leak.id, by=nation.actor(who))
    for who in ("contact", "auditor", "operator", "council"):
        with pytest.raises(Forbidden):
            take("clerk@deeds.example", at=at, by=nation.actor(who))


def test_the_ledger_tells_whoever_hands_in_a_leak_nothing_of_others(nation: Nation, at: datetime) -> None:
    """One's own address and another's: whether the other's name is registered is not to be read from any count."""
    seen = {}
    for name, probe in (("One list", "clerk@deeds.example"), ("Other list", "clerk@nowhere.test")):
        by = nation.actor("telecom")
        take(f"engineer@river.example\n{probe}", at=at, by=by, source=name)
        entries = ledger.recent(by=by, before=None, limit=100)
        seen[name] = sorted(
            f"{entry.event} {sorted((key, str(fact)) for key, fact in entry.facts.items() if key in COUNTS)}"
            for entry in entries
            if entry.event in ("signals.leak.taken", "findings.folded") and entry.id not in seen.get("ids", set())
        )
        seen["ids"] = {entry.id for entry in entries}
    assert seen["One list"]
    assert seen["One list"] == seen["Other list"]


def test_the_owner_may_ask_a_few_times_whether_a_secret_is_the_one_that_leaked(nation: Nation, at: datetime) -> None:
    take("engineer@river.example:Tulip-77-garden", at=at)
    account = LeakedAccount.objects.get().id

    def asked(secret: str, who: str, later: timedelta = timedelta()) -> bool:
        return api.is_leaked_secret(
            account_id=account, candidate=api.Secret(secret), by=nation.actor(who), at=at + later
        )

    assert asked("Tulip-77-garden", "contact") is True
    assert asked("tulip-77-garden", "contact") is False
    with pytest.raises(Forbidden):
        asked("Tulip-77-garden", "auditor")
    with pytest.raises(NotVisible):
        asked("Tulip-77-garden", "punjab")
    for _ in range(3):
        asked("guess", "admin")
    with pytest.raises(Forbidden):
        asked("Tulip-77-garden", "contact")
    assert asked("Tulip-77-garden", "contact", timedelta(hours=2)) is True


@pytest.mark.parametrize(
    "call",
    [
        lambda by: access.people_at(addresses=["a@b.example"], by=by),
        lambda by: access.is_password_of(person_id=MACHINE_ID, candidate="x", by=by),
        lambda by: access.force_new_credential(person_id=MACHINE_ID, reason="x", by=by, at=clock.now()),
    ],
)
def test_only_pehra_itself_compares_passwords(nation: Nation, call) -> None:
    with pytest.raises(Forbidden):
        call(nation.actor("national"))
