"""Every screen of incidents works on the past: the shared VERIS records on each page that takes an incident."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import get_resolver

from pehra.incidents import api as incidents
from pehra.incidents.models import Incident
from pehra.kernel import clock

EACH = 150  # one record in so many: every kind of action, sector and precision is among them
LISTS = (
    "?state=closed",
    "?state=",
    "?state=closed&severity=high",
    "?state=closed&search=laptop",
    "?state=closed&search=PKH-2013-000001",
)
# They write, or show one thing within an incident.
NOT_PAGES = frozenset({"document", "presence"})


@pytest.fixture
def past(country, shared_data: Path, tmp_path: Path) -> list[str]:
    """Some of the shared records, taken in; their references."""
    file = tmp_path / "past.jsonl"
    with gzip.open(shared_data / "incidents/vcdb.jsonl.gz", "rb") as lines:
        file.write_bytes(b"".join(line for number, line in enumerate(lines) if number % EACH == 0))
    summary = incidents.import_history(path=file, by=country.by, at=clock.now())
    assert summary.set_aside == 0
    return list(Incident.objects.filter(origin_rule="history").order_by("id").values_list("reference", flat=True))


def tabs() -> Iterator[str]:
    """The addresses of pages that take an incident and nothing else."""
    (part,) = [each for each in get_resolver().url_patterns if getattr(each, "namespace", "") == "incidents"]
    for entry in part.url_patterns:
        if (
            entry.pattern.converters.keys() == {"reference"}
            and entry.name not in NOT_PAGES
            and not str(entry.pattern).endswith(".json")
        ):
            yield f"/incidents/{entry.pattern}"


def test_every_page_of_an_incident_shows_one_of_the_past(past: list[str], signed_in: Callable[[str], Client]) -> None:
    client = signed_in("lead")
    shown = 0
    for address in tabs():
        for reference in past if address.endswith(">/") else past[:3]:
            answer = client.get(address.replace("<str:reference>", reference))
            if answer.status_code == 405:
                break  # it takes only what is sent to it
            assert answer.status_code == 200, (address, reference, answer.status_code)
            shown += 1
    assert shown > len(past) + 6, "the overview of each, and several tabs"


def test_lists_and_the_file_of_them_hold_the_past(past: list[str], signed_in: Callable[[str], Client]) -> None:
    client = signed_in("lead")
    for query in LISTS:
        assert client.get(f"/incidents/{query}").status_code == 200, query
    listed = client.get("/incidents/?state=closed").content.decode()
    assert past[-1] in listed
    assert past[-1] not in client.get("/incidents/").content.decode(), "what is over is not among what is live"
    rows = client.get("/incidents/export.csv?state=closed").content.decode()
    assert all(reference in rows for reference in past)


def test_the_situation_does_not_count_the_past_as_live(country, past: list[str]) -> None:
    assert incidents.counts(by=country.by).live == len(incidents.incidents(by=country.by, state="live").rows)


def test_one_of_the_past_leaves_as_a_document(country, past: list[str]) -> None:
    for format in incidents.Format:
        exported = incidents.document(ref=past[0], format=format, by=country.by, at=clock.now())
        _format, (document,) = incidents.read_documents(exported.content)
        assert (document.reference, document.state) == (past[0], "closed")
