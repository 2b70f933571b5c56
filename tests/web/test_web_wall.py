"""The wall as a browser meets it: who is not signed in gets nothing, and what you may not see is not there."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.web.machines import DOORS

OPEN = {
    # What a receiver of signals must know to begin; about nobody.
    "signals:configuration",
    *("access:link", "access:sign-in", "access:sign-out", "web:language", "web:theme"),
    # The same page, the second factor after it, the passkey's challenge and answer, and giving up half way.
    *(":account_login", ":account_logout", ":mfa_authenticate", ":mfa_login_webauthn"),
    # The form with which everybody may report; what somebody typed or was told opens by the secret of its link.
    *("report:form", "report:draft", "report:erase", "report:file", "report:from-file", "report:offline"),
    *("report:receipt", "report:submission", "report:language"),
    # What programs elsewhere post, by the secret of their webhook.
    *("intake:hook", "intake:hook-with-secret"),
    # To another organisation's sign-in and back.
    *("access:provider", "access:provider-callback"),
    # A letter answered by its one-time link; it shows what the letter said.
    *("answer:page", "answer:page-slash", "answer:say"),
    # What services ask, by their own secret or by what they were given; where a browser asks, sign-in comes first.
    *("oidc:authorization", "oidc:configuration", "oidc:device_code", "oidc:introspect", "oidc:jwks", "oidc:logout"),
    *("oidc:revoke", "oidc:token", "oidc:userinfo"),
}
"""The pages that need no sign-in. This list only shrinks without a decision record."""

FILLED = {
    "str:reference": "PK-2026-000001",
    "str:code": "org-0001",
    "str:token": "token",
    "str:act": "fixed",
    "uuid:finding_id": "00000000-0000-7000-8000-000000000000",
    "uuid:message_id": "00000000-0000-7000-8000-000000000000",
    "uuid:entry_id": "00000000-0000-7000-8000-000000000000",
    "uuid:person_id": "00000000-0000-7000-8000-000000000000",
    "uuid:grant_id": "00000000-0000-7000-8000-000000000000",
    "uuid:pending_id": "00000000-0000-7000-8000-000000000000",
    "int:position": "0",
}
BY_KIND = {"uuid": "00000000-0000-7000-8000-000000000000", "int": "1", "str": "x", "slug": "x"}


def addresses(
    resolver: URLResolver | None = None, prefix: str = "", space: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    """Every address with its name and pattern."""
    for entry in (resolver or get_resolver()).url_patterns:
        where = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, where, entry.namespace or space)
        else:
            yield f"{space}:{entry.name}", where, entry


def filled(where: str) -> str:
    def value(match: re.Match[str]) -> str:
        return FILLED.get(match[1]) or BY_KIND[match[1].partition(":")[0]]

    return "/" + re.sub(r"<([^>]+)>", value, where)


def test_every_page_but_these_needs_a_sign_in(db):
    open_pages = set()
    for name, where, pattern in addresses():
        if f"/{where}".startswith(DOORS):
            continue  # programs come in there by a token alone (tests/web/test_rest.py)
        if not getattr(pattern.callback, "login_required", True):
            open_pages.add(name)
            continue
        for method in ("get", "post"):
            answer = getattr(Client(), method)(filled(where))
            assert answer.status_code == 302, (name, method)
            assert answer.headers["Location"].startswith("/access/sign-in"), (name, method)
    assert open_pages == OPEN, " ".join(sorted(open_pages ^ OPEN))


def objects(country) -> dict[str, str]:
    """One address of each sort of thing, by the organisation it belongs to."""
    by = country.by
    hospital = next(row for row in incidents.incidents(by=by).rows if row.organisation == "org-0001")
    found = {}
    for number in ("1", "2", "3"):
        code = f"org-000{number}"
        first = findings.findings(by=by, filters=findings.Filters(organisation=code), limit=1)[0]
        found[f"/findings/{first.id}/"] = code
        found[f"/registry/organisations/{code}/"] = code
        for message in outbox.messages(by=by, organisation=code, limit=1):
            found[f"/outbox/{message.id}/"] = code
    found[f"/incidents/{hospital.reference}/"] = "org-0001"
    entry = ledger.history(subject=hospital.reference, by=by)[0]
    found[f"/ledger/{entry.id}/"] = "entry of org-0001"
    return found


SEES = {
    # The hospital is critical: the national team leads. By law the telecom team leads its sector, the province its own.
    "national": {"org-0001", "org-0002", "org-0003", "entry of org-0001"},
    "telecom": {"org-0002"},
    "punjab": {"org-0003"},
    "hospital": {"org-0001"},
    "council": set(),
    "operator": set(),
    "nobody": set(),
}


def plain(content: bytes, path: str) -> str:
    """A page without what differs from request to request."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", content.decode())
    return text.replace(path, "")


@pytest.mark.parametrize("who", sorted(SEES))
def test_what_one_may_not_see_is_the_same_as_what_is_not_there(country, signed_in, who):
    client = signed_in(who)
    nothing = plain(client.get("/nothing/at/all").content, "/nothing/at/all")
    seen = set()
    for path, owner in objects(country).items():
        answer = client.get(path)
        assert answer.status_code in (200, 403, 404), path
        if answer.status_code == 200:
            seen.add(owner)
        elif answer.status_code == 404:
            assert plain(answer.content, path) == nothing, path
    assert seen == SEES[who]


@pytest.mark.parametrize("who", ["telecom", "punjab", "hospital"])
def test_lists_hold_only_what_is_ones_own(signed_in, who):
    client = signed_in(who)
    names = {"org-0001": "Meadow Hospital", "org-0002": "River Telecom", "org-0003": "Registry of Deeds"}
    for path in ("/", "/incidents/", "/findings/", "/findings/?state=all", "/outbox/", "/registry/organisations/"):
        page = client.get(path).content.decode()
        for code, name in names.items():
            if code not in SEES[who]:
                assert name not in page, (path, name)
                assert f"{code[-1]}.0/24" not in page, path


@pytest.mark.parametrize(("who", "status"), [("national", 302), ("hospital", 403), ("telecom", 404), ("nobody", 404)])
def test_an_act_differs_by_who_asks(incident, signed_in, machine, who, status):
    answer = signed_in(who).post(f"/incidents/{incident.reference}/move", {"to": "open", "reason": ""})
    assert answer.status_code == status
    now = incidents.incident(incident.reference, by=machine).incident.state
    assert now == ("open" if status == 302 else "new")


@pytest.mark.parametrize(
    ("act", "who", "status"), [("fixed", "telecom", 302), ("fixed", "punjab", 404), ("else", "telecom", 404)]
)
def test_a_finding_is_changed_by_its_own_team(finding, signed_in, act, who, status):
    answer = signed_in(who).post(f"/findings/{finding.id}/{act}", {"reason": "they wrote"})
    assert answer.status_code == status


def test_a_person_made_inactive_is_out_at_the_next_request(country, signed_in):
    from pehra.access import api as access
    from pehra.kernel import clock

    client = signed_in("telecom")
    assert client.get("/findings/").status_code == 200
    access.close_person(person_id=country.people["telecom"], reason="left", by=country.by, at=clock.now())
    assert client.get("/findings/").status_code == 302


def test_opening_a_link_does_not_use_it_up(country, client):
    from pehra.access import api as access
    from pehra.kernel import clock

    token = access.issue_link(person_id=country.people["telecom"], by=country.by, at=clock.now())
    for _ in "ab":
        assert client.get(f"/access/link/{token}").status_code == 200
    assert client.post(f"/access/link/{token}").status_code == 302
    assert client.get("/findings/").status_code == 200
    assert Client().post(f"/access/link/{token}").status_code == 403
    assert client.post("/access/sign-out").status_code == 302
    assert client.get("/findings/").status_code == 302


@pytest.mark.parametrize(
    ("forwarded", "told"), [("203.0.113.9, 198.51.100.7", True), ("198.51.100.7, 203.0.113.9", False)]
)
def test_behind_a_proxy_one_guesser_does_not_lock_out_the_others(country, settings, forwarded, told):
    from pehra.access import api as access
    from pehra.kernel import clock

    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    guesser = Client(headers={"x-forwarded-for": "203.0.113.9, 198.51.100.7"})
    for number in range(access.FAILED_ATTEMPTS_MAX):
        assert guesser.post(f"/access/link/guess-{number}").status_code == 403
    token = access.issue_link(person_id=country.people["telecom"], by=country.by, at=clock.now())
    client = Client(headers={"x-forwarded-for": forwarded})
    assert ("Too many" in client.post("/access/link/one-more").text) is told
    assert client.post(f"/access/link/{token}").status_code == 302
