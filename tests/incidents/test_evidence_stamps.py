"""Time stamps of evidence, against an authority made with `openssl ts`."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pehra.incidents import api
from pehra.incidents.api import EvidenceView
from pehra.incidents.gateways import time_stamps
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Fault
from pehra.law import api as law
from tests.incidents import authority
from tests.incidents.authority import Authority
from tests.incidents.test_what_people_do import MARKING

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("committed_country"),
    pytest.mark.skipif(not shutil.which("openssl"), reason="the openssl command is not installed"),
]

LOG = b"Nov 20 03:11:02 host sshd[1]: Accepted password for root\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """One authority for all tests of the file."""
    with authority.running(tmp_path_factory.mktemp("authority")) as made:
        yield made


@pytest.fixture
def tsa(running: Authority, settings: Any) -> Authority:
    """The node's authority: the running one."""
    settings.PEHRA_TSA_URL, settings.PEHRA_TSA_CERTIFICATES = running.url, str(running.root)
    settings.PEHRA_SERVICE_NETWORKS = ["127.0.0.0/8"]
    running.status, running.answers_with = 200, None
    running.asked.clear()
    return running


@pytest.fixture
def taken(tsa: Authority, machine: Actor, at: datetime) -> EvidenceView:
    """A log file of an incident, for which a stamp was asked."""
    facts = law.IncidentFacts(
        taxonomy="malicious-code",
        type="infected-system",
        severity=None,
        attributes=law.Attributes.complete(()),
        impact={},
    )
    view = api.open_incident(
        title="Break-in", organisations=["org-0001"], facts=facts, moments={}, marking=MARKING, by=machine, at=at
    )
    return api.add_evidence(ref=view.reference, name="a.log", content=LOG, source="SOC", by=machine, at=at)


def stamp_of(piece: EvidenceView, by: Actor) -> api.StampView:
    (stamp,) = api.one_evidence(piece.incident, piece.number, by=by).stamps
    return stamp


def test_a_stamp_is_asked_judged_kept_and_holds_for_openssl_too(
    tsa: Authority, taken: EvidenceView, machine: Actor, at: datetime, tmp_path: Path
) -> None:
    assert stamp_of(taken, machine).state == "waiting"
    assert api.stamp_due(at=at) == 1
    stamp = stamp_of(taken, machine)
    assert (stamp.state, stamp.signer, stamp.authority) == ("stamped", "Test Time Stamping", tsa.url)
    assert stamp.stamped_at is not None
    assert abs(stamp.stamped_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert api.stamp_due(at=at + timedelta(days=1)) == 0
    assert LOG not in tsa.asked[0]

    document = api.custody_export(taken.incident, taken.number, by=machine)
    assert [entry["act"] for entry in document["entries"]] == ["received", "stamped"]
    answer, log = tmp_path / "answer.tsr", tmp_path / "a.log"
    answer.write_bytes(bytes.fromhex(document["stamps"][0]["answer"]))
    log.write_bytes(LOG)
    check = ["ts", "-verify", "-in", str(answer), "-CAfile", str(tsa.root), "-data", str(log)]
    assert b"Verification: OK" in authority.openssl(*check)
    log.write_bytes(LOG + b"x")
    with pytest.raises(subprocess.CalledProcessError):
        authority.openssl(*check)


def test_an_authority_that_fails_is_asked_again_later_and_the_file_is_there_all_the_while(
    tsa: Authority, taken: EvidenceView, machine: Actor, at: datetime
) -> None:
    tsa.status = 503
    assert api.stamp_due(at=at) == 1
    assert "503" in stamp_of(taken, machine).problem
    assert api.stamp_due(at=at + timedelta(seconds=59)) == 0
    tsa.status = 200
    assert api.stamp_due(at=at + timedelta(seconds=61)) == 1
    assert stamp_of(taken, machine).state == "stamped"


def test_after_enough_attempts_it_stands_as_failed_until_a_person_asks(
    tsa: Authority, taken: EvidenceView, machine: Actor, at: datetime
) -> None:
    tsa.answers_with = b"no stamp"
    for days in range(20):
        api.stamp_due(at=at + timedelta(days=days))
    stamp = stamp_of(taken, machine)
    assert (stamp.state, stamp.attempts) == ("failed", 12)
    assert "no time stamp" in stamp.problem
    tsa.answers_with = None
    later = at + timedelta(days=21)
    api.ask_for_stamp(ref=taken.incident, number=taken.number, by=machine, at=later)
    assert api.stamp_due(at=later) == 1
    assert stamp_of(taken, machine).state == "stamped"


def test_a_stamp_for_another_file_or_of_another_request_is_refused(tsa: Authority, tmp_path: Path) -> None:
    roots = time_stamps.trusted(str(tsa.root))
    mine, other = "11" * 32, "22" * 32
    question = time_stamps.question(mine)
    answer = tsa.stamp(question.body)
    assert time_stamps.judged(answer, sha256=mine, nonce=question.nonce, roots=roots).serial
    for said in ({"sha256": other, "nonce": question.nonce}, {"sha256": mine, "nonce": question.nonce + 2}):
        with pytest.raises(Fault, match="does not hold"):
            time_stamps.judged(answer, roots=roots, **said)
    authority.make_certificates(tmp_path)
    with pytest.raises(Fault, match="does not hold"):
        time_stamps.judged(
            answer, sha256=mine, nonce=question.nonce, roots=time_stamps.trusted(str(tmp_path / "root.pem"))
        )
    tampered = answer.replace(bytes.fromhex(mine), bytes.fromhex(other))
    assert tampered != answer
    with pytest.raises(Fault):
        time_stamps.judged(tampered, sha256=other, nonce=question.nonce, roots=roots)


def test_an_authority_without_a_root_is_not_believed(
    tsa: Authority, taken: EvidenceView, machine: Actor, at: datetime, settings: Any
) -> None:
    settings.PEHRA_TSA_CERTIFICATES = ""
    assert api.stamp_due(at=at) == 1
    assert "PEHRA_TSA_CERTIFICATES" in stamp_of(taken, machine).problem
    assert tsa.asked == []


def test_an_authority_on_a_network_that_is_not_known_is_not_called(
    tsa: Authority, taken: EvidenceView, machine: Actor, at: datetime, settings: Any
) -> None:
    settings.PEHRA_SERVICE_NETWORKS = []
    assert api.stamp_due(at=at) == 1
    assert "public network" in stamp_of(taken, machine).problem
    assert tsa.asked == []
