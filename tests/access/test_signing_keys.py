"""Signing keys: made once, published before they sign and after, verified by another library, refused when known."""

import json
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import jwt as independent
import pytest
from click.testing import CliRunner

from pehra.access import api
from pehra.access.commands import commands
from pehra.access.rules.keys import ANNOUNCED_FOR, VERIFIED_FOR
from pehra.kernel.refusals import Fault, Forbidden
from pehra.ledger import api as ledger

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


def kids(at):
    return [key["kid"] for key in api.jwks(at=at)["keys"]]


def signer(at):
    return independent.get_unverified_header(api.sign({"sub": "x"}, typ="JWT", at=at))["kid"]


def verified(token, at):
    """What another library than the one that signed reads, by the published keys alone."""
    keys = independent.PyJWKSet.from_dict(api.jwks(at=at))
    kid = independent.get_unverified_header(token)["kid"]
    options = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    return independent.decode(token, keys[kid], algorithms=["RS256"], options=options)


def test_what_is_signed_is_verified_by_another_library(at):
    token = api.sign({"sub": "x", "aud": "y"}, typ="secevent+jwt", at=at)
    header = independent.get_unverified_header(token)
    assert header["typ"] == "secevent+jwt"
    assert header["alg"] == "RS256"
    claims = verified(token, at)
    assert claims == {"iss": api.issuer(), "iat": int(at.timestamp()), "sub": "x", "aud": "y"}


def test_only_public_halves_are_published(at):
    (key,) = api.jwks(at=at)["keys"]
    assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}


def test_the_files_are_their_owners_alone_and_one_that_is_not_is_refused(at, data_folder):
    api.jwks(at=at)
    folder = data_folder / "keys" / "oidc"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (file,) = folder.glob("*.key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(Fault, match="may be read by others"):
        api.sign({}, typ="JWT", at=at)


def test_a_file_that_holds_another_key_than_it_says_is_refused(at, data_folder):
    api.jwks(at=at)
    (file,) = (data_folder / "keys" / "oidc").glob("*.key")
    note = json.loads(file.read_text())
    file.write_text(json.dumps(note | {"kid": "another"}))
    with pytest.raises(Fault, match="no signing key"):
        api.sign({}, typ="JWT", at=at)


def test_the_next_key_is_published_at_once_and_signs_after_a_day(at, machine):
    (first,) = kids(at)
    second = api.rotate_keys(by=machine, at=at)
    assert kids(at) == [first, second]
    assert signer(at + ANNOUNCED_FOR - timedelta(seconds=1)) == first
    assert signer(at + ANNOUNCED_FOR) == second


def test_the_former_key_is_verified_by_until_nothing_it_signed_lives(at, machine):
    (first,) = kids(at)
    token = api.sign({"sub": "x"}, typ="JWT", at=at)
    second = api.rotate_keys(by=machine, at=at)
    end = at + ANNOUNCED_FOR + VERIFIED_FOR
    assert verified(token, end - timedelta(seconds=1))["sub"] == "x"
    assert kids(end) == [second]
    with pytest.raises(KeyError):
        verified(token, end)
    third = api.rotate_keys(by=machine, at=end)
    assert [row.key.kid for row in api.signing_keys(by=machine, at=end)] == [second, third]
    assert first not in kids(at)


def test_while_one_waits_no_further_is_made(at, machine):
    kids(at)
    first = api.rotate_keys(by=machine, at=at)
    assert api.rotate_keys(by=machine, at=at) == first
    assert api.rotate_keys(by=machine, at=at + ANNOUNCED_FOR) != first


def test_a_known_key_is_withdrawn_and_what_it_signed_is_no_good(at, machine):
    token = api.sign({"sub": "x"}, typ="JWT", at=at)
    new = api.rotate_keys(withdraw=True, by=machine, at=at)
    assert kids(at) == [new]
    assert signer(at) == new
    with pytest.raises(KeyError):
        verified(token, at)
    assert ledger.history(subject="access:keys", by=machine)[-1].facts["withdrawn"] is True


def test_only_who_looks_after_services_rotates(at, analyst):
    with pytest.raises(Forbidden):
        api.rotate_keys(by=analyst, at=at)
    with pytest.raises(Forbidden):
        api.signing_keys(by=analyst, at=at)


_READS = """
from pehra.cli import main
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "pehra.node.settings"
import django
django.setup()
from datetime import UTC, datetime
from pehra.access import api
print([key["kid"] for key in api.jwks(at=datetime(2026, 11, 24, tzinfo=UTC))["keys"]])
"""


def test_processes_that_start_at_once_make_one_key_and_read_the_same(tmp_path):
    environment = {"PEHRA_DATA": str(tmp_path / "node"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    running = [
        subprocess.Popen([sys.executable, "-c", _READS], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _number in range(3)
    ]
    said = {process.communicate(timeout=60)[0] for process in running}
    assert len(said) == 1
    assert said.pop().count("'") == 2


def test_the_command_shows_and_rotates(data_folder):
    run = CliRunner()
    made = run.invoke(commands, ["keys", "rotate"])
    assert made.exit_code == 0, made.output
    listed = run.invoke(commands, ["keys", "list", "--json"])
    assert [row["standing"] for row in json.loads(listed.output)] == ["signing"]
    again = run.invoke(commands, ["keys", "rotate"])
    rows = [line.split("\t") for line in run.invoke(commands, ["keys", "list"]).output.splitlines()]
    assert [(row[0], row[1]) for row in rows] == [(made.output.strip(), "signing"), (again.output.strip(), "next")]
