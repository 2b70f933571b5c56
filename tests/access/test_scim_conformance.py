"""The SCIM community's own checks against our endpoint: every one of them, for a ministry and for a team."""

from collections import Counter
from collections.abc import Iterator

import pytest
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.access.directories import token_of

BASES = {
    "a ministry": ("organisation-admin", {"organisation": "org-city"}, ""),
    "a team": ("team-lead", {"team": "city-cert"}, ""),
    "a ministry by its address": ("organisation-admin", {"organisation": "org-city"}, "/organisations/org-city"),
}


@pytest.fixture
def one_connection() -> Iterator[None]:
    """A request leaves the test's transaction as it is, as with Django's own client."""
    ends = (signals.request_started, signals.request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    yield
    for end in ends:
        end.connect(close_old_connections)


@pytest.mark.parametrize("whose", BASES)
def test_scim2_tester_finds_nothing(tree, one_connection, whose):
    role, scope, named = BASES[whose]
    provider = token_of("checker", role, **scope)
    client = WSGISCIMClient(
        WSGIHandler(),
        base_url=f"http://localhost/scim/v2{named}",
        headers={"Authorization": f"Bearer {provider.token}"},
    )
    client.discover()
    results = check_server(client)
    wrong = [
        (result.title, result.resource_type, result.reason)
        for result in results
        if result.status in (Status.ERROR, Status.CRITICAL)
    ]
    assert not wrong, wrong
    counts = Counter(result.status for result in results)
    assert counts == {Status.SUCCESS: counts[Status.SUCCESS]}, counts
    assert counts[Status.SUCCESS] > 60
