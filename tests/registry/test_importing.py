"""Imports: idempotent, whole, and every bad line named with its field."""

import hashlib
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid
from pehra.ledger import api as ledger
from pehra.registry import api
from pehra.registry.api import ImportSummary
from pehra.registry.models import Asset, Contact, Organisation, Team, Version
from tests.registry.conftest import ASSETS, CONTACTS, ORGANISATIONS

TakeIn = Callable[..., ImportSummary]
ORG = "organisation,name,sector\n"
ASSET = "type,value,organisation,valid_from,valid_to\n"


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    return summary.created, summary.updated, summary.unchanged, len(summary.rejected)


def only(summary: ImportSummary) -> tuple[int, str]:
    (reject,) = summary.rejected
    assert reject.message
    return reject.line, reject.field


@pytest.mark.parametrize(
    ("kind", "content", "rows"),
    [("organisations", ORGANISATIONS, 5), ("assets", ASSETS, 13), ("contacts", CONTACTS, 4)],
)
def test_the_same_file_again_changes_nothing(nation: None, take_in: TakeIn, kind: str, content: str, rows: int) -> None:
    assert counts(take_in(kind, content)) == (0, 0, rows, 0)


def test_teams_of_the_profile_come_again_unchanged_and_new_ones_are_added(take_in: TakeIn) -> None:
    known = Team.objects.get(code="ntcert")
    lists = [";".join(known.types), known.parent_id or "", ";".join(known.sectors), ""]
    line = ",".join(["ntcert", known.name, known.name_local, *lists]) + "\n"
    summary = take_in(
        "teams",
        "team,name,name_local,types,parent,sectors,territories\n" + line + "lab-cert,Laboratory CERT,,,pkcert,,\n",
    )
    assert counts(summary) == (1, 0, 1, 0)
    assert Team.objects.get(code="lab-cert").parent_id == "pkcert"
    assert only(take_in("teams", "team,sectors\nx-cert,no-such-sector\n")) == (2, "sectors")


def test_a_changed_line_is_an_update_and_law_is_asked_again(nation: None, take_in: TakeIn) -> None:
    assert Organisation.objects.get(code="new-1").lead_team == "pkcert"
    summary = take_in("organisations", "organisation,name,sector\nnew-1,Now a telecom,telecom\n")
    assert counts(summary) == (0, 1, 0, 0)
    row = Organisation.objects.get(code="new-1")
    assert (row.name, row.lead_team) == ("Now a telecom", "ntcert")
    assert "ntcert" in row.teams
    assert row.roles[0]["because"]["rule"]


def test_every_import_is_one_entry_with_counts_and_digest(
    take_in: TakeIn, machine: Actor, sector_analyst: Actor, provincial_analyst: Actor
) -> None:
    take_in("organisations", ORG + "a,A,telecom\nb,B,nowhere\n")
    (entry,) = [
        e for e in ledger.recent(by=machine, before=None, limit=10) if e.event == "registry.organisations.imported"
    ]
    digest = hashlib.sha256((ORG + "a,A,telecom\nb,B,nowhere\n").encode()).hexdigest()
    assert entry.facts["sha256"] == digest
    assert (entry.facts["created"], entry.facts["rejected"], entry.facts["first_rejected"]) == (1, 1, [3])
    assert ledger.history(subject="registry:organisations", by=sector_analyst)  # a telecom operator: theirs to see
    assert not ledger.history(subject="registry:organisations", by=provincial_analyst)


def test_every_import_is_a_new_version(take_in: TakeIn) -> None:
    before = Version.objects.get(id=1)
    take_in("organisations", ORG)
    after = Version.objects.get(id=1)
    assert after.number == before.number + 1
    assert after.token != before.token


REFUSED_LINES = [
    ("organisations", "organisation,sector\nx,nowhere\n", (2, "sector")),
    ("organisations", "organisation,territory\nx,nowhere\n", (2, "territory")),
    ("organisations", "organisation,classes\nx,private;nothing\n", (2, "classes")),
    ("organisations", "organisation,parent\nx,y\n", (2, "parent")),
    ("organisations", "organisation,parent\nx,x\n", (2, "parent")),
    ("organisations", "organisation,name\n,x\n", (2, "organisation")),
    ("organisations", "organisation,name\na b,x\n", (2, "organisation")),
    ("organisations", f"organisation,name\nx,{'n' * 201}\n", (2, "name")),
    ("organisations", f"organisation,name\nx,{'n' * 5_000}\n", (2, "name")),
    ("organisations", f"organisation,name\nx,{'n' * 5_000_000}\n", (2, "")),
    ("organisations", "organisation,name\nx,a\0b\n", (2, "name")),
    ("organisations", "organisation,name\nx,a\u202eb\n", (2, "name")),
    ("organisations", b"organisation,name\nx,caf\xe9\n", (2, "name")),
    ("organisations", 'organisation,name\nx,"open\n', (2, "")),
    ("organisations", "organisation,name\nx\n", (2, "")),
    ("organisations", "organisation,name\nx,y,z\n", (2, "")),
    ("organisations", "organisation,name\nx,1\nx,2\n", (3, "organisation")),
    ("organisations", "organisation,valid_from\nx,24.11.2026\n", (2, "valid_from")),
    ("organisations", "organisation,valid_from\nx,2026-02-30\n", (2, "valid_from")),
    ("organisations", "organisation,valid_from,valid_to\nx,2026-02-02,2026-02-01\n", (2, "valid_to")),
    ("assets", "type,value\nplanet,earth\n", (2, "type")),
    ("assets", "type,value\nprefix,\n", (2, "value")),
    ("assets", "type,value\nprefix,198.18.0.1/16\n", (2, "value")),
    ("assets", "type,value\nprefix,198.18.00.0/16\n", (2, "value")),
    ("assets", "type,value\nprefix,198.18.0.0/33\n", (2, "value")),
    ("assets", "type,value\nprefix,0.0.0.0/0\n", (2, "value")),
    ("assets", "type,value\nprefix,::ffff:198.18.0.0/112\n", (2, "value")),
    ("assets", "type,value\nasn,AS0\n", (2, "value")),
    ("assets", "type,value\nasn,AS4294967296\n", (2, "value")),
    ("assets", "type,value\ndomain,not a name\n", (2, "value")),
    ("assets", "type,value,organisation\ndomain,example,op-1\n", (2, "value")),
    ("assets", "type,value\nhost,someone@roads.example\n", (2, "value")),
    ("assets", "type,value\nservice,198.18.0.0/16\n", (2, "value")),
    ("assets", "type,value,organisation\nasn,AS64511,nobody\n", (2, "organisation")),
    ("assets", "type,value,relation\nasn,AS64511,borrowed\n", (2, "relation")),
    ("assets", "type,value,organisation\nasn,AS64500,op-2\n", (2, "value")),
    ("assets", "type,value,organisation\nasn,AS64511,op-1\nasn,64511,op-2\n", (3, "value")),
    ("assets", "type,value,organisation\nasn,AS64511,op-1\nasn,as64511,op-1\n", (3, "value")),
    ("contacts", "organisation,role\nop-1,security\n", (2, "email")),
    ("contacts", "organisation,role,email\nop-1,security,nobody\n", (2, "email")),
    ("contacts", "organisation,role,email\nnobody,security,a@b.example\n", (2, "organisation")),
    ("contacts", "organisation,role,email,language\nop-1,security,a@b.example,English language\n", (2, "language")),
    ("contacts", "organisation,role,phone\nop-1,security,call me\n", (2, "phone")),
    ("contacts", "organisation,role,email\nop-1,s,a@b.example\nop-1,s,a@B.example\n", (3, "email")),
]


def test_a_bad_line_is_named_with_its_field(nation: None, take_in: TakeIn) -> None:
    for kind, content, at_fault in REFUSED_LINES:
        assert only(take_in(kind, content)) == at_fault, content[:80]


REFUSED_FILES = [
    ("", "file"),
    ("\n", "file"),
    ("organisation,colour\nx,red\n", "colour"),
    ("organisation;name\nx;y\n", "organisation;name"),
    ("name\nx\n", "organisation"),
    ("organisation,name,name\nx,y,z\n", "name"),
    ("organisation,name\nx,y\n".encode("utf-16"), "file"),
    (b"\xffganisation,name\nx,y\n", "file"),
    ('"organisation\nx\n', "file"),
]


def test_a_file_that_cannot_be_used_is_refused_whole(take_in: TakeIn) -> None:
    for content, field in REFUSED_FILES:
        with pytest.raises(Invalid) as refused:
            take_in("organisations", content)
        assert refused.value.field == field, content[:80]
    assert not Organisation.objects.exists()


def test_no_such_file_a_folder_and_no_such_kind(profile: None, machine: Actor, at: datetime, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(Invalid):
            api.import_csv(path=path, kind="assets", by=machine, at=at)
    with pytest.raises(Invalid):
        api.import_csv(path=tmp_path / "absent.csv", kind="planets", by=machine, at=at)


@pytest.mark.django_db
def test_without_a_profile_it_says_what_to_do(write: Callable[..., Path], machine: Actor, at: datetime) -> None:
    with pytest.raises(Invalid, match="pehra init"):
        api.import_csv(path=write(ORG + "a,A,telecom\n"), kind="organisations", by=machine, at=at)


def test_the_good_part_of_a_bad_file_is_kept(take_in: TakeIn) -> None:
    lines = [
        b"\xef\xbb\xbforganisation,name,name_local,sector,parent",
        'a,"Commas, and ""quotes""",نام,telecom,'.encode(),
        b"b,\xff\xfe,,telecom,",
        b"",
        b'c,"open,,telecom,',
        b"d,D,,telecom,a",
        b"e,E,,telecom,f",
        b"f,F,,nowhere,",
        b"g,G,,telecom,h",
        b"h,H,,telecom,g",
    ]
    summary = take_in("organisations", b"\r\n".join(lines))
    assert counts(summary) == (2, 0, 0, 6)
    assert summary.read == 8
    assert [reject.line for reject in summary.rejected] == [3, 5, 7, 8, 9, 10]
    assert Organisation.objects.get(code="a").name == 'Commas, and "quotes"'
    assert Organisation.objects.get(code="d").parent_id == "a"


def test_values_are_kept_in_one_spelling(nation: None, take_in: TakeIn) -> None:
    summary = take_in(
        "assets",
        ASSET
        + "prefix,2001:DB8:0001::/48,op-1,,\nprefix,203.0.113.7,op-1,,\nasn,64510,op-1,,\n"
        + "domain,Große-Straße.EXAMPLE.,op-1,,\nhost,198.51.100.1,op-1,,\nservice,HTTPS://Pay.Example:443/x,op-1,,\n",
    )
    assert not summary.rejected
    assert set(Asset.objects.order_by("-id").values_list("value", flat=True)[:6]) == {
        "2001:db8:1::/48",
        "203.0.113.7/32",
        "AS64510",
        "xn--groe-strae-73ag.example",
        "198.51.100.1",
        "https://pay.example/x",
    }


def test_a_holding_is_corrected_not_doubled(nation: None, take_in: TakeIn) -> None:
    assert counts(take_in("assets", ASSET + "asn,AS64500,op-1,2021-01-01,2030-01-01\n")) == (0, 1, 0, 0)
    row = Asset.objects.get(type="asn")
    assert (row.valid_from, row.valid_to) == (date(2021, 1, 1), date(2030, 1, 1))


def test_a_value_passes_from_one_holder_to_the_next_in_one_file(nation: None, take_in: TakeIn) -> None:
    handed_over = "asn,AS64500,op-2,2026-12-01,\nasn,AS64500,op-1,,2026-11-30\n"
    assert counts(take_in("assets", ASSET + handed_over)) == (1, 1, 0, 0)
    assert counts(take_in("assets", ASSET + handed_over)) == (0, 0, 2, 0)
    # And back again, which makes a third holding.
    back = "asn,AS64500,op-2,2026-12-01,2027-12-31\nasn,AS64500,op-1,2028-01-01,\n"
    assert counts(take_in("assets", ASSET + back)) == (1, 1, 0, 0)
    assert Asset.objects.filter(type="asn", organisation="op-1").count() == 2


def test_who_would_hold_what_another_holds_is_refused_even_by_a_line_that_falls_out_later(
    nation: None, take_in: TakeIn
) -> None:
    take_in("assets", ASSET + "asn,AS64501,op-1,2020-01-01,2020-12-31\nasn,AS64501,op-1,2022-01-01,2022-12-31\n")
    # Line 2 would cover two holdings and falls out; without it, line 3 stands against op-1's year 2022.
    summary = take_in("assets", ASSET + "asn,AS64501,op-1,2020-06-01,2022-06-01\nasn,AS64501,op-2,2022-07-01,\n")
    assert [(r.line, r.field) for r in summary.rejected] == [(2, "valid_from"), (3, "value")]
    assert counts(summary)[:3] == (0, 0, 0)


def test_the_country_s_own_space_may_have_a_holder_within_it(nation: None, take_in: TakeIn) -> None:
    assert counts(take_in("assets", ASSET + "prefix,198.18.0.0/16,,,\n")) == (1, 0, 0, 0)


def test_a_product_may_be_used_by_many(nation: None) -> None:
    assert Asset.objects.filter(type="product").count() == 2


def test_the_database_refuses_two_holders_without_an_end(nation: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Asset.objects.create(type="asn", value="AS64500", organisation_id="op-2", relation="")


def test_a_contact_may_be_a_team_s(nation: None) -> None:
    assert Contact.objects.get(team="ntcert").email == "duty@ntcert.example"
    assert [contact.role for contact in api.team_contacts("ntcert")] == ["duty"]


def test_nobody_imports_without_the_permission(nation: None, take_in: TakeIn, stranger: Actor, analyst: Actor) -> None:
    assert not take_in("organisations", ORG + "op-9,Nine,telecom\n", by=analyst).rejected
    with pytest.raises(Forbidden):
        take_in("organisations", ORG + "op-8,Eight,telecom\n", by=stranger)


def test_an_editor_changes_only_the_own_constituency(
    nation: None, take_in: TakeIn, provincial_analyst: Actor, sector_analyst: Actor
) -> None:
    """Punjab's editor may add a public body of Punjab; not take over a telecom operator, nor touch what it holds."""
    head = "organisation,name,sector,territory,classes\n"
    mine, other = "pb-1,Works,government,punjab,public-body\n", "op-1,Taken,government,punjab,public-body\n"
    assert counts(take_in("organisations", head + mine, by=provincial_analyst)) == (1, 0, 0, 0)
    assert only(take_in("organisations", head + other, by=provincial_analyst)) == (2, "organisation")
    assert only(take_in("assets", ASSET + "asn,AS64509,op-1,,\n", by=provincial_analyst)) == (2, "organisation")
    assert not take_in("assets", ASSET + "asn,AS64509,op-1,,\n", by=sector_analyst).rejected
    reject = take_in("assets", ASSET + "asn,AS64509,pb-1,,\n", by=provincial_analyst).rejected[0]
    assert "op-1" not in reject.message  # whose it is, is another constituency's matter


def test_thousands_of_assets_a_second(profile: None, take_in: TakeIn) -> None:
    take_in("organisations", ORG + "".join(f"org-{n},Organisation {n},telecom\n" for n in range(1_000)))
    values = (f"{10 + (n >> 20)}.{n >> 12 & 255}.{n >> 4 & 255}.{n << 4 & 255}/28" for n in range(30_000))
    content = ASSET + "".join(f"prefix,{value},org-{n % 1_000},2020-01-01,\n" for n, value in enumerate(values))
    started = time.process_time()
    assert counts(take_in("assets", content)) == (30_000, 0, 0, 0)
    assert time.process_time() - started < 5  # a statement a row takes many times that
