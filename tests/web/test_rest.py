"""REST at its door: tokens, refusals as documents, lists in pages, what is sent twice, and what nobody may see."""

import json
import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from django.test import Client

from pehra.access import api as access
from pehra.access.models import ApiToken, KeptAnswer
from pehra.access.rules import tokens as token_rules
from pehra.findings import api as findings
from pehra.kernel import clock
from pehra.kernel.refusals import Invalid
from pehra.ledger import api as ledger
from pehra.web import machines
from pehra.web.commands import commands
from pehra.web.rest import description, interface
from tests.web.programs import API, Program

NOT_THERE = {"status": 404, "title": "Not Found", "type": "about:blank", "detail": "", "errors": []}
ROOT = Path(__file__).resolve().parents[2]
NOBODYS = "018f0000-0000-7000-8000-00000000dead"


def of(country, organisation: str) -> findings.FindingView:
    return findings.findings(by=country.by, filters=findings.Filters(organisation=organisation))[0]


# --- Tokens at the door ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/findings", "/no/such/place", f"/findings/{NOBODYS}", "/access/me"])
def test_without_a_token_everything_is_401(country, path):
    said = Program().get(path)
    assert said.status_code == 401
    assert said["WWW-Authenticate"] == 'Bearer realm="pehra"'
    assert said["Content-Type"] == "application/problem+json"
    assert said["Cache-Control"] == "private, no-store"
    assert said.json() == {"status": 401, "title": "Unauthorized", "type": "about:blank", "detail": "", "errors": []}


def test_unknown_mistyped_expired_and_revoked_are_one_answer(country, program):
    expired, revoked, closed = program("national"), program("telecom"), program("punjab")
    at = clock.now()
    ApiToken.objects.filter(holder_id=country.people["national"]).update(
        created_at=at - timedelta(days=2), expires_at=at - timedelta(days=1)
    )
    ApiToken.objects.filter(holder_id=country.people["telecom"]).update(revoked_at=at)
    access.close_person(person_id=country.people["punjab"], reason="left", by=country.by, at=at)
    bad = ["pehra_nonsense", token_rules.written(b"\1" * 32), expired.token, revoked.token, closed.token, "x" * 9_000]
    answers = [Program(token).get("/access/me") for token in bad]
    assert {answer.status_code for answer in answers} == {401}
    assert len({(answer.content, answer["WWW-Authenticate"], answer["Content-Type"]) for answer in answers}) == 1
    assert answers[0]["WWW-Authenticate"] == 'Bearer realm="pehra", error="invalid_token"'


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "bearer", "Token abc", "\xff"])
def test_nothing_but_a_token_is_taken(country, header):
    said = Client().get(f"{API}/access/me", headers={"Authorization": header})
    assert said.status_code == 401


def test_an_address_that_tries_many_tokens_is_told_to_wait_and_holds_up_nobody(country, program):
    good, strange = program("national"), Program(token_rules.written(b"\2" * 32))
    statuses = [strange.get("/access/me").status_code for _ in range(22)]
    assert statuses == [401] * 20 + [429] * 2
    assert strange.get("/access/me")["Retry-After"] == "900"
    assert good.get("/access/me").status_code == 200


def test_a_session_counts_for_nothing_at_a_program_s_door(country, signed_in):
    browser = signed_in("national")
    assert browser.get("/").status_code == 200
    assert browser.get(f"{API}/findings").status_code == 401
    finding = of(country, "org-0001")
    forged = browser.post(f"{API}/findings/{finding.id}/fixed", '{"reason": "forged"}', "text/plain")
    assert forged.status_code == 401
    assert findings.finding(finding_id=finding.id, by=country.by).finding.state == finding.state


def test_a_token_opens_no_page(country, program):
    token = program("national").token
    said = Client().get("/findings/", headers={"Authorization": f"Bearer {token}"})
    assert said.status_code == 302
    assert said["Location"].startswith("/access/sign-in")


def test_no_forgery_check_stands_in_a_program_s_way(country, program):
    finding = of(country, "org-0001")
    client = Client(enforce_csrf_checks=True)
    headers = {"Authorization": f"Bearer {program('national').token}"}
    said = client.post(
        f"{API}/findings/{finding.id}/fixed", '{"reason": "patched"}', "application/json", headers=headers
    )
    assert said.status_code == 200
    assert not said.cookies


def test_a_token_carries_only_what_it_names(country, program):
    caller = program("national", "findings.read")
    assert caller.get("/access/me").json()["permissions"] == ["findings.read"]
    assert caller.get("/findings").status_code == 200
    assert caller.get("/incidents").status_code == 403
    assert caller.get("/outbox").status_code == 403
    refused = caller.post(f"/findings/{of(country, 'org-0001').id}/fixed", {"reason": "patched"})
    assert refused.status_code == 403
    assert refused.json()["title"] == "Forbidden"


def test_an_ended_role_takes_its_token_along(country, program):
    caller = program("telecom")
    assert caller.get("/findings").status_code == 200
    (grant,) = access.person(person_id=country.people["telecom"], by=country.by, at=clock.now()).grants
    access.revoke(grant_id=grant.id, reason="left", by=country.by, at=clock.now())
    assert caller.get("/findings").status_code == 403


def test_a_token_ends_itself(country, program):
    caller = program("hospital", "findings.read")
    (row,) = caller.get("/access/tokens").json()["items"]
    assert row["permissions"] == ["findings.read"]
    assert row["last_used_at"]
    assert caller.post(f"/access/tokens/{row['id']}/revoke", {"reason": "leaked"}).status_code == 204
    assert caller.get("/access/me").status_code == 401


def test_no_token_stands_in_a_log(country, program, caplog, capfd):
    caller = program("national")
    caller.get("/findings", nonsense=1)
    Program(caller.token[:-1] + "_").get("/findings")
    caller.client.get(API + "/findings", headers={"Authorization": f"Basic {caller.token}"})
    written = capfd.readouterr()
    assert caller.token[:20] not in caplog.text + written.out + written.err


# --- What is read ----------------------------------------------------------------------------------------------------


def test_a_list_of_findings(program, country):
    said = program("national").get("/findings", limit=5)
    assert said.status_code == 200
    assert said["Content-Type"] == "application/json"
    page = said.json()
    assert len(page["items"]) == 5
    assert page["next"] == page["items"][-1]["id"]
    assert page["items"][0]["first_seen"].endswith("Z")


def test_pages_give_every_finding_once(program):
    caller, seen, cursor = program("national"), [], None
    while True:
        page = caller.get("/findings", limit=7, **({"cursor": cursor} if cursor else {})).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    whole = caller.get("/findings", limit=500).json()["items"]
    assert seen == [row["id"] for row in whole]
    assert len(set(seen)) == len(seen) > 14


def test_a_list_is_read_in_a_fixed_number_of_queries(program, django_assert_max_num_queries):
    caller = program("national")
    caller.get("/findings")
    with django_assert_max_num_queries(12):
        assert caller.get("/findings", limit=50).status_code == 200


def test_one_finding_says_why_and_what_happened(country, program):
    finding = of(country, "org-0001")
    page = program("hospital").get(f"/findings/{finding.id}").json()
    assert page["finding"]["organisation"] == "org-0001"
    assert page["finding"]["because"]
    assert page["notices"]


def test_the_ledger_and_its_proof(country, program):
    caller = program("national")
    entry = caller.get("/ledger", limit=1).json()["items"][0]
    assert caller.get(f"/ledger/{entry['id']}").json() == entry
    ledger.place_entries(at=clock.now())
    assert caller.get(f"/ledger/{entry['id']}/proof").json()
    assert caller.get("/ledger/checkpoint").json()["key"] == ledger.verifier()


def test_the_ledger_only_grew(country, program):
    caller = program("national")
    first = caller.get("/ledger/checkpoint").json()["checkpoint"]
    findings.mark_fixed(finding_id=of(country, "org-0001").id, reason="patched", by=country.by, at=clock.now())
    ledger.place_entries(at=clock.now())
    newest = caller.get("/ledger/checkpoint").json()["checkpoint"]
    assert newest["size"] > first["size"]
    proof = caller.get("/ledger/growth", old=first["size"])
    assert proof.status_code == 200
    assert proof.json() == caller.get("/ledger/growth", old=first["size"], new=newest["size"]).json()
    assert caller.get("/ledger/growth", old=newest["size"] + 1).json() == NOT_THERE
    backwards = caller.get("/ledger/growth", old=newest["size"], new=first["size"])
    assert (backwards.status_code, backwards.json()["errors"][0]["place"]) == (422, "query")


def test_what_is_owed_next_and_the_situation(country, program):
    caller = program("national")
    owed = caller.get("/incidents/clocks").json()["items"]
    times = [row["clock"]["due_at"] for row in owed]
    assert times == sorted(times)
    assert owed
    said = caller.get("/situation").json()
    assert said["counts"]["live"] == len(caller.get("/incidents", state="live").json()["items"])
    assert said["next_clocks"] == owed[: len(said["next_clocks"])]
    hospital = program("hospital").get("/situation").json()
    assert hospital["findings"]["open"] < said["findings"]["open"]


def test_why_one_may_or_may_not(program):
    caller = program("telecom", "findings.read")
    yes = caller.get("/access/why", permission="findings.read", team="ntcert").json()
    assert (yes["allowed"], len(yes["grants"])) == (True, 1)
    no = caller.get("/access/why", permission="findings.read", team="pkcert").json()
    assert (no["allowed"], no["grants"]) == (False, [])
    token = caller.get("/access/why", permission="findings.verify", team="ntcert").json()
    assert not token["allowed"]
    assert "token" in token["because"][0]
    assert caller.get("/access/why", permission="findings.steal").status_code == 422


def test_who_answers(country, program):
    said = program("telecom").get("/registry/who", observable=["198.18.2.9", "198.18.1.9", "nonsense["]).json()["items"]
    assert [answer["standing"] for answer in said] == ["owned", "owned", "refused"]
    assert [answer["organisation"] for answer in said] == ["org-0002", "", ""]


def test_what_was_read_already_is_not_sent_again(country, program):
    caller = program("national")
    path = f"/findings/{of(country, 'org-0001').id}"
    first = caller.get(path)
    again = caller.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = program("telecom").get(path, headers={"If-None-Match": first["ETag"]})
    assert other.status_code == 404
    assert "ETag" not in other


# --- What is refused -------------------------------------------------------------------------------------------------


def test_hidden_and_absent_are_one_answer_byte_for_byte(country, program, incident):
    telecom = program("telecom")
    hidden = [
        f"/findings/{of(country, 'org-0001').id}",
        f"/incidents/{incident.reference}",
        "/registry/organisations/org-0001",
        f"/access/people/{country.people['telecom']}",
    ]
    absent = [f"/findings/{uuid4()}", "/incidents/PK-2026-9999999", "/registry/organisations/org-9999", "/no/such"]
    lead = program("lead")
    answers = [telecom.get(path) for path in [*hidden[:3], *absent]] + [lead.get(hidden[3])]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json() == NOT_THERE
    assert len({json.dumps(dict(answer.headers)) for answer in answers[:3] + answers[3:6]}) == 1


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/findings", {"organisation": "org-9999"}, "organisation"),
        ("/findings", {"organisation": "org-0001"}, "organisation"),
        ("/findings", {"team": "ntcrt"}, "team"),
        ("/findings", {"sector": "telecoms"}, "sector"),
        ("/findings", {"territory": "sindhh"}, "territory"),
        ("/findings", {"state": "opened"}, "state"),
        ("/findings", {"organization": "org-0002"}, "organization"),
        ("/findings", {"limit": "501"}, "limit"),
        ("/findings", {"cursor": "here"}, "cursor"),
        ("/incidents", {"team": "ntcrt"}, "team"),
        ("/incidents", {"severity": "huge"}, "severity"),
        ("/incidents", {"state": "alive"}, "state"),
        ("/incidents", {"organisation": "org-9999"}, "organisation"),
        ("/outbox", {"organisation": "org-9999"}, "organisation"),
        ("/registry/organisations", {"sector": "telecoms"}, "sector"),
        ("/ledger", {"cursor": NOBODYS}, "cursor"),
        ("/registry/who", {}, "observable"),
    ],
)
def test_a_filter_that_names_nothing_known_is_refused_with_its_name(program, path, query, field):
    said = program("telecom").get(path, **query)
    assert said.status_code == 422
    (error,) = said.json()["errors"]
    assert (error["place"], error["field"].partition(".")[0]) == ("query", field)
    assert error["detail"]


def test_a_hidden_organisation_is_refused_as_an_absent_one_is(program):
    hidden, absent = (program("telecom").get("/findings", organisation=code) for code in ("org-0001", "org-9999"))
    assert hidden.content.replace(b"org-0001", b"org-9999") == absent.content


@pytest.mark.parametrize(
    ("said", "status", "named"),
    [
        ('{"reason": "a", "reason": "b"}', 400, "the key 'reason' stands twice"),
        ('{"reason": ', 400, "expecting value at line 1 column 12"),
        ('{"reason": "\\u0000"}', 400, "a NUL, which no text needs, in reason"),
        ('{"reason": "\\ud800"}', 400, "half a character (a lone surrogate), in reason"),
        ("[" * 5_000, 400, "nested deeper than 32 levels"),
        ('{"reason": NaN}', 400, "NaN is no number of JSON, in reason"),
        ('{"reason": 1e999}', 400, "the number 1e999 is beyond reading, in reason"),
        ({"reason": ""}, 422, "reason"),
        ({"reason": "   "}, 422, "reason"),
        ({"reason": "x" * 2_001}, 422, "reason"),
        ({}, 422, "reason"),
        ({"reason": "patched", "state": "verified"}, 422, "state"),
        ("", 422, ""),
    ],
)
def test_a_body_is_read_strictly(country, program, said, status, named):
    finding = of(country, "org-0001")
    answer = program("national").post(f"/findings/{finding.id}/fixed", said)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    told = answer.json()
    if status == 400:  # no field of the operation is at fault: the answer itself says what is wrong, and where
        assert (told["errors"], told["detail"].endswith(named)) == ([], True), told["detail"]
    else:
        assert [error["field"] for error in told["errors"]] == [named]
    assert findings.finding(finding_id=finding.id, by=country.by).finding.state == finding.state


def test_a_large_body_is_refused_unread(program):
    answer = program("national").post(f"/findings/{uuid4()}/fixed", "x" * (machines.BODY_BYTES_MAX + 1))
    assert answer.status_code == 413
    assert answer.json()["title"] == "Content Too Large"


def test_a_method_that_is_not_there(program):
    caller = program("national")
    answer = caller.client.delete(f"{API}/findings", headers={"Authorization": f"Bearer {caller.token}"})
    assert (answer.status_code, answer["Allow"]) == (405, "GET")
    assert answer.json()["title"] == "Method Not Allowed"


def test_a_nul_in_an_address_is_nothing_that_is_there(program):
    caller = program("national")
    assert caller.get("/registry/organisations/a%00b").json() == NOT_THERE
    assert caller.get("/findings", search="a\0b").json()["status"] == 422


# --- What is done ----------------------------------------------------------------------------------------------------


def test_a_finding_is_mended_checked_and_not_mended_after_all(country, program):
    finding = of(country, "org-0001")
    hospital, national = program("hospital"), program("national")
    fixed = hospital.post(f"/findings/{finding.id}/fixed", {"reason": "patched"})
    assert fixed.json()["state"] == "fixed"
    assert hospital.post(f"/findings/{finding.id}/verified", {"reason": "seen"}).status_code == 403
    assert national.post(f"/findings/{finding.id}/verified", {"reason": "scanned"}).json()["state"] == "verified"
    assert national.post(f"/findings/{finding.id}/reopened", {"reason": "back"}).json()["state"] == "open"
    history = national.get(f"/findings/{finding.id}").json()["history"]
    mine = [entry for entry in history if entry["event"] == "findings.fixed"]
    assert [entry["by"] for entry in mine] == [str(country.people["hospital"])]


def test_an_incident_s_law_is_asked_anew(program, incident):
    caller = program("national")
    path = f"/incidents/{incident.reference}"
    assert caller.post(f"{path}/severity", {"severity": "high", "reason": "seen"}).json()["severity"] == "high"
    moment = {"name": "awareness", "moment": "2026-01-05T09:30:00+05:00"}
    assert caller.post(f"{path}/moments", moment).status_code == 200
    (kept,) = [m for m in caller.get(path).json()["moments"] if m["name"] == "awareness"]
    assert kept["moment"] == "2026-01-05T04:30:00Z"
    for bad in ("2026-01-05T09:30:00", "0001-01-01T00:00:00+23:59", "soon", 7):
        refused = caller.post(f"{path}/moments", {"name": "awareness", "moment": bad})
        assert refused.json()["errors"][0]["field"] == "moment"
    assert caller.post(f"{path}/move", {"to": "closed", "reason": "done"}).status_code == 422
    assert caller.post(f"{path}/move", {"to": "contained"}).status_code in (200, 422)


def test_what_is_sent_twice_under_one_key_is_done_once(country, program):
    finding, caller = of(country, "org-0001"), program("national")
    path, key = f"/findings/{finding.id}/fixed", {"Idempotency-Key": "once-and-only"}
    first = caller.post(path, {"reason": "patched"}, headers=key)
    again = caller.post(path, {"reason": "patched"}, headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"
    assert caller.post(path, {"reason": "patched"}).status_code == 422, "without the key it is another act"
    events = [entry.event for entry in ledger.history(subject=f"finding:{finding.id}", by=country.by)]
    assert events.count("findings.fixed") == 1


def test_a_key_is_for_one_request_one_holder_and_one_set_of_rights(country, program):
    finding, key = of(country, "org-0001"), {"Idempotency-Key": "shared"}
    path = f"/findings/{finding.id}/fixed"
    caller = program("national")
    assert caller.post(path, {"reason": "patched"}, headers=key).status_code == 200
    for other in (
        caller.post(path, {"reason": "another"}, headers=key),
        program("national", "findings.read", "findings.change").post(path, {"reason": "patched"}, headers=key),
    ):
        assert other.status_code == 422
        assert other.json()["errors"][0] | {"detail": ""} == {
            "place": "header",
            "field": "Idempotency-Key",
            "detail": "",
        }
    foreign = program("hospital").post(path, {"reason": "patched"}, headers=key)
    assert foreign.status_code == 422
    assert foreign.json()["errors"][0]["place"] == "body"


def test_what_was_refused_is_not_kept(country, program):
    finding, caller, key = of(country, "org-0001"), program("national"), {"Idempotency-Key": "try"}
    path = f"/findings/{finding.id}/verified"
    assert caller.post(path, {"reason": "seen"}, headers=key).status_code == 422
    assert not KeptAnswer.objects.exists()
    findings.mark_fixed(finding_id=finding.id, reason="patched", by=country.by, at=clock.now())
    assert caller.post(path, {"reason": "seen"}, headers=key).status_code == 200


def test_what_is_refused_half_way_has_done_nothing(country, program, monkeypatch):
    finding, act = of(country, "org-0001"), findings.mark_fixed

    def half_way(**said):
        act(**said)
        raise Invalid("not after all", field="reason")

    monkeypatch.setattr(findings, "mark_fixed", half_way)
    answer = program("national").post(f"/findings/{finding.id}/fixed", {"reason": "patched"})
    assert answer.status_code == 422
    assert findings.finding(finding_id=finding.id, by=country.by).finding.state == finding.state


def test_a_kept_answer_is_forgotten_after_a_day(country, program):
    finding, caller = of(country, "org-0001"), program("national")
    caller.post(f"/findings/{finding.id}/fixed", {"reason": "patched"}, headers={"Idempotency-Key": "old"})
    assert access.forget_answers(at=clock.now() + timedelta(hours=23)) == 0
    assert access.forget_answers(at=clock.now() + timedelta(hours=25)) == 1


@pytest.mark.parametrize("key", ["", " ", "\xe9", "x" * 101])
def test_a_key_is_printable_and_short(country, program, key):
    said = program("national").post(f"/findings/{uuid4()}/fixed", {"reason": "a"}, headers={"Idempotency-Key": key})
    assert said.json()["errors"][0]["place"] == "header"


# --- The description -------------------------------------------------------------------------------------------------


def test_the_description_in_the_documents_is_the_interface_s_own(tmp_path):
    wanted = "pehra web describe --out docs/openapi.json"
    assert (ROOT / "docs/openapi.json").read_text() == description.text(), f"renew it: {wanted}"
    assert CliRunner().invoke(commands, ["describe", "--out", str(tmp_path / "a.json")]).exit_code == 0
    nowhere = CliRunner().invoke(commands, ["describe", "--out", str(tmp_path / "no" / "a.json")])
    assert isinstance(nowhere.exception, Invalid)
    assert (tmp_path / "a.json").read_text() == description.text()


def test_the_description_is_open_and_says_nothing_of_anybody(country):
    said = Client().get(f"{API}/openapi.json")
    assert said.status_code == 200
    assert said.json() == description.describe()
    assert "org-0001" not in said.content.decode()


def test_every_body_refuses_a_key_that_is_not_known():
    described = description.describe()
    shapes = described["components"]["schemas"]
    named = lambda said: set(re.findall(r"#/components/schemas/(\w+)", json.dumps(said)))  # noqa: E731
    read, more = set(), named([one.get("requestBody") for way in described["paths"].values() for one in way.values()])
    while more:
        read |= more
        more = named([shapes[name] for name in more]) - read
    bodies = {name: shapes[name] for name in read if "properties" in shapes[name]}
    assert len(bodies) > 40
    assert [name for name, shape in bodies.items() if shape.get("additionalProperties") is not False] == []


def test_every_operation_has_a_name_a_summary_and_limits():
    ids = [operation.operation_id for _path, operation in interface.operations()]
    assert len(ids) == len(set(ids)) >= 35
    for path, operation in interface.operations():
        part = path.removeprefix(f"{API}/").partition("/")[0]
        assert operation.operation_id.startswith(f"{part}."), path
        assert operation.summary, path
        assert operation.description, path
    for path, methods in description.describe()["paths"].items():
        for said in methods.values():
            for parameter in said["parameters"]:
                schema = parameter["schema"]
                limited = {"maxLength", "maximum", "maxItems", "enum", "format"} & schema.keys()
                open_ended = schema.get("type") == "boolean" or parameter["in"] != "query"
                assert limited or open_ended, (path, parameter["name"])
