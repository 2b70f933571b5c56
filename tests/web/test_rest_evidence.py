"""Evidence for programs: taken in, written down, checked; and no road on which a token takes a file out."""

from base64 import b64encode

import pytest

from pehra.incidents.rules.custody import first_wrong
from pehra.vault import api as vault
from pehra.web.rest import description

LOG = b"Nov 20 03:11:02 host sshd[1]: Accepted password for root from 192.0.2.7\n"


@pytest.fixture
def of(incident) -> str:
    return f"/incidents/{incident.reference}/evidence"


def said(of: bytes = LOG, **differently: object) -> dict[str, object]:
    return {"name": "auth.log", "content": b64encode(of).decode(), "source": "SIEM"} | differently


def test_the_whole_way(program, of):
    national = program("national")
    made = national.post(of, said(collected_at="2026-11-20T03:12:00+05:00", tlp="TLP:GREEN")).json()
    assert (made["number"], made["media_type"], made["tlp"]) == (1, "text/plain", "TLP:GREEN")
    assert vault.read(made["sha256"]) == LOG
    one = f"{of}/1"
    assert national.post(f"{one}/hand-over", {"to": "Laboratory", "reason": "carrier 7"}).status_code == 200
    assert national.post(f"{one}/quarantine", {"quarantined": True, "reason": "odd"}).json()["quarantined"] is True
    assert national.post(f"{one}/keep-until", {"until": "2999-01-01", "reason": "rule"}).json()["keep_until"]
    assert national.post(f"{one}/check", {}).json() == {"whole": True}
    acts = [line["act"] for line in national.get(one).json()["custody"]]
    assert acts == ["received", "handed-over", "quarantined", "retention-set", "checked"]
    document = national.get(f"{one}/custody").json()
    assert first_wrong(document["entries"]) is None
    assert document["first_wrong"] is None
    assert [row["number"] for row in national.get(of).json()["items"]] == [1]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"content": "not base64!"}, 422),
        ({"content": ""}, 422),
        ({"name": "../"}, 422),
        ({"source": " "}, 422),
        ({"collected_at": "yesterday"}, 422),
        ({"tlp": "TLP:PINK"}, 422),
        ({"more": "than is asked"}, 422),
    ],
)
def test_what_is_wrong_is_refused(program, of, wrong, status):
    national = program("national")
    assert national.post(of, said(**wrong)).status_code == status
    assert national.get(of).json()["items"] == []


def test_the_same_bytes_again_are_refused_by_name(program, of):
    national = program("national")
    assert national.post(of, said()).status_code == 200
    again = national.post(of, said(name="other.log"))
    assert (again.status_code, "E1" in again.text) == (422, True)


def test_others_take_and_read_nothing(program, of):
    program("national").post(of, said())
    for who, status in (("hospital", 403), ("telecom", 404)):
        other = program(who)
        for answer in (other.get(of), other.get(f"{of}/1"), other.get(f"{of}/1/custody"), other.post(of, said(b"x\n"))):
            assert answer.status_code == status
            assert "auth.log" not in answer.text


def test_no_operation_gives_a_file_out_or_agrees_that_one_be_destroyed():
    paths = {path for path in description.describe()["paths"] if "/incidents/" in path and "/evidence" in path}
    ends = {path.partition("/evidence")[2] for path in paths}
    acts = ["check", "custody", "hand-over", "keep-until", "quarantine", "stamp"]
    acts += ["hold", "lift", "ask-disposal", "decline-disposal"]
    assert ends == {"", "/{number}", *(f"/{{number}}/{act}" for act in acts)}
