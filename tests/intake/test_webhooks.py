"""Webhooks: a program's own JSON becomes reports, each matter one, and nothing that came is lost."""

import json
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.access.rules.roles import PERMISSIONS, Role
from pehra.intake import api as intake
from pehra.intake.models import Report
from pehra.intake.rules import mapping
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.vault import api as vault

MAPPING = {
    "title": ["/alert/name"],
    "description": ["/alert/text", "/alert/note"],
    "taxonomy": ["=malicious-code"],
    "observables": ["/hits/*/ip"],
    "source_ref": ["/alert/id"],
    "sector": ["/sector"],
}
ALERT = {"alert": {"id": 7, "name": "Beacon", "text": "a", "note": "b"}, "hits": [{"ip": "198.18.2.9"}, {"ip": None}]}


@pytest.fixture
def lead() -> Actor:
    """The lead of a province's team."""
    permissions = frozenset(permission.value for permission in PERMISSIONS[Role.TEAM_LEAD])
    return Actor(
        id="00000000-0000-7000-8000-000000000044",
        kind=ActorKind.PERSON,
        name="Lead",
        teams=frozenset({"punjab-cert"}),
        permissions=permissions,
    )


@pytest.fixture
def hook(country, lead, at) -> intake.NewWebhook:
    """A webhook of the province's team."""
    return intake.add_webhook(name="sensor", team="punjab-cert", mapping=MAPPING, by=lead, at=at)


@pytest.fixture
def post(hook, at):
    """Post something to it."""

    def say(said: object, *, secret: str = "", **ways) -> intake.Receipt:
        raw = said if isinstance(said, bytes) else json.dumps(said).encode()
        return intake.receive_hook(webhook_id=hook.webhook.id, secret=secret or hook.secret, raw=raw, at=at, **ways)

    return say


class TestPosts:
    def test_a_post_becomes_a_report_by_the_mapping(self, post):
        row = Report.objects.get(reference=post(ALERT).reference)
        assert (row.title, row.description, row.taxonomy) == ("Beacon", "a\nb", "malicious-code")
        assert [seen.value for seen in row.observables.all()] == ["198.18.2.9"]
        assert row.reporter_name == "sensor"

    def test_whose_it_is_else_the_teams_own(self, post):
        assert Report.objects.get(reference=post(ALERT).reference).lead_team != "punjab-cert"
        mine = Report.objects.get(reference=post({"alert": {"name": "odd"}}).reference)
        assert (mine.lead_team, mine.routed_because["basis"]) == ("punjab-cert", "the team by whose road it came")

    def test_the_same_again_is_the_same_and_news_of_it_an_addition(self, post):
        first, again = post(ALERT), post(ALERT)
        assert (again.reference, again.is_new) == (first.reference, False)
        news = post({**ALERT, "alert": {**ALERT["alert"], "text": "it spreads"}})
        assert (news.reference, news.number) == (first.reference, 2)
        assert Report.objects.count() == 1

    def test_what_has_no_name_there_may_be_said_twice(self, post):
        assert post({"alert": {"name": "down"}}).reference != post({"alert": {"name": "down"}}).reference

    def test_a_key_makes_it_once(self, post):
        first = post({"alert": {"name": "down"}}, once="delivery-1")
        assert post({"alert": {"name": "down"}}, once="delivery-1").reference == first.reference

    def test_a_key_is_the_webhooks_own(self, post, lead, at):
        other = intake.add_webhook(name="other", team="punjab-cert", mapping=MAPPING, by=lead, at=at)
        first = post({"alert": {"name": "down"}}, once="1")
        second = intake.receive_hook(
            webhook_id=other.webhook.id, secret=other.secret, raw=b'{"alert": {"name": "up"}}', once="1", at=at
        )
        assert (second.is_new, second.reference != first.reference) == (True, True)

    @pytest.mark.parametrize("raw", [b"<xml/>", b'{"alert": ', b"\xff\xfe", b"[" * 100_000, b""])
    def test_what_cannot_be_read_is_kept_and_stands_in_the_queue(self, post, raw):
        receipt = post(raw)
        row = Report.objects.get(reference=receipt.reference)
        assert row.problem.startswith(("body: this is not JSON", "body: this is nested deeper"))
        assert vault.read(receipt.sha256) == raw

    def test_a_word_that_the_profile_does_not_know_loses_nothing(self, post):
        receipt = post({**ALERT, "sector": "fishery"})
        row = Report.objects.get(reference=receipt.reference)
        assert row.problem.startswith("sector:")
        assert "Beacon" in row.description

    def test_without_the_secret_there_is_no_such_place(self, post, hook, lead, at):
        with pytest.raises(NotVisible):
            post(ALERT, secret="guess")
        intake.end_webhook(webhook_id=hook.webhook.id, by=lead, at=at)
        with pytest.raises(NotVisible):
            post(ALERT)
        assert not Report.objects.exists()


class TestOverHttp:
    def test_the_secret_in_a_header_or_in_the_address(self, hook):
        client = Client()
        place = f"/intake/hooks/{hook.webhook.id}/"
        answer = client.post(place, ALERT, "application/json", headers={"X-Webhook-Secret": hook.secret})
        assert (answer.status_code, answer.json()["number"]) == (201, 1)
        assert "token" not in answer.json()
        again = client.post(f"{place}{hook.secret}/", ALERT, "application/json")
        assert (again.status_code, again.json()["is_new"]) == (200, False)

    def test_refused_without_it_and_by_get(self, hook):
        client = Client()
        assert client.post(f"/intake/hooks/{hook.webhook.id}/", ALERT, "application/json").status_code == 404
        assert client.post(f"/intake/hooks/{UUID(int=1)}/x/", ALERT, "application/json").status_code == 404
        assert client.get(f"/intake/hooks/{hook.webhook.id}/").status_code == 405


class TestWhoMay:
    def test_a_team_lead_and_only_for_their_own_team(self, country, lead, analyst, at):
        with pytest.raises(Forbidden):
            intake.add_webhook(name="x", team="pkcert", mapping=MAPPING, by=lead, at=at)
        with pytest.raises(Forbidden):
            intake.add_webhook(name="x", team="pkcert", mapping=MAPPING, by=analyst, at=at)

    def test_others_do_not_see_it(self, hook, lead, sector_analyst, at):
        assert [row.name for row in intake.webhooks(by=lead)] == ["sensor"]
        assert intake.webhooks(by=sector_analyst) == []
        with pytest.raises(NotVisible):
            intake.end_webhook(webhook_id=hook.webhook.id, by=sector_analyst, at=at)

    def test_a_name_is_taken_once(self, hook, lead, at):
        with pytest.raises(Invalid) as refused:
            intake.add_webhook(name="sensor", team="punjab-cert", mapping=MAPPING, by=lead, at=at)
        assert refused.value.field == "name"


class TestMapping:
    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"title": []},
            {"titel": ["/a"], "title": ["/a"]},
            {"title": ["a"]},
            {"tlp": ["/a"]},
            {"title": ["/"] * 21},
        ],
    )
    def test_a_useless_one_is_refused(self, said):
        with pytest.raises(Invalid):
            mapping.checked(said)

    def test_pointers_as_the_standard_writes_them(self):
        document = {"a/b": {"~": ["x", {"y": True}]}, "": "empty"}
        said, ref = mapping.said_by(
            document, {"title": ["/a~1b/~0/0"], "description": ["/a~1b/~0/1/y", "/"], "source_ref": ["/nothing/0"]}
        )
        assert (said.title, said.description, ref) == ("x", "true\nempty", "")

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
            max_leaves=20,
        )
    )
    @settings(max_examples=100)
    def test_any_document_says_something_or_is_refused_by_field(self, document):
        places = {"title": ["/*/*", "/0", ""], "observables": ["/*"], "occurrence": ["/a"], "tlp": ["/b"]}
        try:
            said, _ref = mapping.said_by(document, places)
        except Invalid as refusal:
            said = refusal.field
        assert said in ("occurrence", "tlp") or len(said.observables) <= 2_000
