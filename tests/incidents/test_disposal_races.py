"""Evidence ended by several at once, and by one who is killed: one end, one line, and no bytes left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from pehra.incidents import api
from pehra.kernel.refusals import Gone, Invalid, Refusal
from pehra.vault import api as vault
from tests.incidents.test_disposal import LOG, Matter, close, person, rested

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("committed_country")]
# What the web does, and then dies before the file: the commit is the last thing that it did.
DIES = """
import os, signal, sys
import django
django.setup()
from datetime import datetime
from uuid import UUID
from django.conf import settings
from pehra.access import api as access
from pehra.incidents import api
from pehra.vault import api as vault
name, vault_folder, ref, second, at = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = name
settings.PEHRA_VAULT = vault_folder
vault.remove = lambda sha256, older_than: os.kill(os.getpid(), signal.SIGKILL)
at = datetime.fromisoformat(at)
by = access.actor_for(person_id=UUID(second), at=at)
api.confirm_disposal(ref=ref, number=1, reason="agreed", by=by, at=at)
"""


@pytest.fixture
def matter(finding: Any, outcome: Any, machine: Any, at: Any) -> Matter:
    """A closed incident with one log that somebody asked to be destroyed."""
    (opened,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    asker, second = person("asma", "ntcert", at), person("babar", "ntcert", at)
    said: dict[str, Any] = {"name": "auth.log", "content": LOG, "source": "the SOC", "by": asker, "at": at}
    piece = api.add_evidence(ref=opened.reference, **said)
    rested(piece.sha256, at=at)
    close(opened.reference, by=asker, at=at)
    made = Matter(incident=opened.reference, piece=piece, asker=asker, second=second, at=at)
    made.ask(order="order 12")
    return made


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each of some acts answers when all begin at one moment: its value, or its refusal."""
    begin = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        begin.wait()
        try:
            return act()
        except Refusal as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_who_agree_at_once_destroy_it_once(matter: Matter) -> None:
    third = person("third", "ntcert", matter.at)
    answers = at_once(matter.confirm, lambda: matter.confirm(by=third))
    assert sorted(isinstance(answer, Gone) for answer in answers) == [False, True]
    acts = [line.act for line in matter.shown().custody]
    assert (acts.count("destroyed"), acts.count("erased")) == (1, 1)
    assert not vault.lies(matter.piece.sha256)


def test_yes_and_no_at_once_is_one_of_them(matter: Matter) -> None:
    third = person("third", "ntcert", matter.at)
    no = matter.named | {"reason": "no", "by": third}
    answers = at_once(matter.confirm, lambda: api.decline_disposal(**no))
    assert sum(isinstance(answer, Gone | Invalid) for answer in answers) == 1
    acts = [line.act for line in matter.shown().custody]
    assert ("destroyed" in acts) != ("disposal-declined" in acts)
    assert vault.lies(matter.piece.sha256) == ("disposal-declined" in acts)


def test_a_hold_that_comes_at_the_same_moment_is_before_or_after(matter: Matter) -> None:
    hold = matter.named | {"reason": "FIA inquiry 7", "by": matter.asker}
    answers = at_once(matter.confirm, lambda: api.hold_evidence(**hold))
    assert sum(isinstance(answer, Gone | Invalid) for answer in answers) == 1
    shown = matter.shown()
    assert (shown.destroyed_at is None) == bool(shown.holds)


def test_two_who_ask_at_once_ask_once(matter: Matter) -> None:
    api.decline_disposal(**matter.named, reason="no", by=matter.second)
    ask = {"order": "order 12"}
    answers = at_once(lambda: matter.ask(**ask), lambda: matter.ask(**ask, by=matter.second))
    assert sum(isinstance(answer, Invalid) for answer in answers) == 1


def test_one_who_is_killed_before_the_file_goes_is_followed_by_the_worker(matter: Matter, settings: Any) -> None:
    named = [connection.settings_dict["NAME"], str(settings.PEHRA_VAULT), matter.incident, matter.second.id]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "pehra.node.settings"}
    done = subprocess.run(
        [sys.executable, "-c", DIES, *named, matter.at.isoformat()],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    shown = matter.shown()
    assert shown.destroyed_at == matter.at
    assert shown.erased_at is None
    assert vault.lies(matter.piece.sha256)
    assert api.erase_destroyed(at=matter.at) == 1
    assert not vault.lies(matter.piece.sha256)
    assert [line.act for line in matter.shown().custody][-2:] == ["destroyed", "erased"]
