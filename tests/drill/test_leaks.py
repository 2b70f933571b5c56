"""The sample's leak: the same each time, in reserved names alone, and taken in as any other."""

from pehra.drill import api
from pehra.drill.rules import leaks
from pehra.ledger import api as ledger
from pehra.registry import api as registry
from pehra.signals import api as signals


def test_the_sample_shows_a_leak_with_everything_that_may_stand_in_one(db, machine, at):
    registry.load_profile(by=machine, at=at)
    laid = api.lay_out_sample(seed=1, by=machine, at=at)
    text = laid.leak.read_text()
    said = api.take_in_leak(laid, by=machine, at=at)
    assert (said.source, said.organisations, said.accounts) == (leaks.SOURCE, leaks.ORGANISATIONS, 37)
    assert (said.duplicates, said.strangers, said.set_aside_count) == (1, 1, 1)
    page = signals.leak(leak_id=said.id, by=machine, limit=100)
    assert {row.address.rpartition(".")[2] for row in page.accounts} == {"example"}
    assert sum(row.in_use is not None for row in page.accounts) == 1
    assert "drill-00-0-example" in text
    again = api.take_in_leak(laid, by=machine, at=at)
    assert (again.kept, again.known) == (0, 37)
    (person,) = {one.person_id for one in laid.people if one.member.email in text}
    events = [entry.event for entry in ledger.history(subject=f"person:{person}", by=machine)]
    assert "signals.leak.received" in events
