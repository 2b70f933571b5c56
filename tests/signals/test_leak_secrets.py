"""The secret of a leak is nowhere: not in a table, an entry, a message, a file, a log, an answer or a traceback."""

import hashlib
import io
import logging
import pickle
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.db import connection

from pehra.kernel.refusals import Refusal
from pehra.outbox import api as outbox
from pehra.signals import api
from pehra.signals.commands import commands
from pehra.signals.models import LeakedAccount
from pehra.signals.rules import leak_secrets, leaks
from pehra.signals.rules.leak_secrets import Secret
from tests.signals.leaked import MACHINE, Nation, give_password, lay_out, take

SECRET = "Gulmohar-9271-Ravi"
FORMS = {
    "csv": f"email,password,url\ntelecom@river.example,{SECRET},https://u:{SECRET}@river.example/{SECRET}?p={SECRET}\n",
    "json": f'{{"email": "telecom@river.example", "pass": "{SECRET}", "{SECRET}": 1, "note": "{SECRET}"}}\n',
    "pairs": f"telecom@river.example:{SECRET}\nclerk@deeds.example;{SECRET}\n",
    "triples": f"https://portal.river.example/{SECRET}:telecom@river.example:{SECRET}\n",
    "shifted": f'email,password\n{SECRET},telecom@river.example\n"{SECRET},x\n{SECRET}\n{SECRET}@,{SECRET}\n',
    "dates": f"email,leaked_at,url\ntelecom@river.example,{SECRET},{SECRET}\nclerk@deeds.example,,{SECRET}\n",
    "columns": f"email,{SECRET},security_answer\ntelecom@river.example,{SECRET},{SECRET}\n",
    "broken json": f'{{"email": "telecom@river.example", "pass": "{SECRET}"\n{{"pass": {{"a": "{SECRET}"}}}}\n[]\n',
    "hash": f"email,hash\ntelecom@river.example,{hashlib.md5(SECRET.encode()).hexdigest()}\n",
    "not a leak": f"{SECRET}\n{SECRET}\n",
    "twice": f"email,password,pass\ntelecom@river.example,{SECRET},{SECRET}\n",
}


def _spellings() -> Iterator[str]:
    yield SECRET.lower()
    yield SECRET.encode().hex()
    for name in ("md5", "sha1", "sha256", "sha512"):
        yield hashlib.new(name, SECRET.encode()).hexdigest()


def _database() -> Iterator[str]:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            for (row,) in cursor.fetchall():
                yield f"{table}: {row}"


def _files(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.read_bytes().decode("latin-1")


def _found(texts: Iterator[str]) -> list[str]:
    wanted = list(_spellings())
    return [text[:200] for text in texts if any(word in text.lower() for word in wanted)]


@pytest.fixture
def nation(db, tmp_path: Path, at: datetime) -> Nation:
    return lay_out(tmp_path, at)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_that_is_kept_or_said_holds_the_secret(
    nation: Nation, at: datetime, form: str, data_folder: Path, caplog, tmp_path: Path
) -> None:
    give_password(nation.people["telecom"], SECRET)
    caplog.set_level(logging.DEBUG)
    leak = tmp_path / "leak.txt"
    leak.write_text(FORMS[form])
    result = CliRunner().invoke(commands, ["leaks", str(leak), "--source", "A list", "--json"])
    leak.unlink()
    assert result.exception is None or isinstance(result.exception, (SystemExit, Refusal))
    outbox.send_due(at=at, limit=50)
    said = [result.output, repr(result.exception), caplog.text]
    assert _found(iter(said)) == []
    assert _found(_database()) == []
    assert _found(_files(data_folder)) == []


def test_the_test_above_would_find_it(nation: Nation, at: datetime) -> None:
    take(f"clerk@deeds.example:{SECRET}", at=at)
    LeakedAccount.objects.update(service=SECRET)
    assert len(_found(_database())) == 1


def test_an_act_that_breaks_shows_no_secret_even_with_all_its_variables(nation: Nation, at: datetime, settings) -> None:
    settings.PEHRA_LEAKS_GO_ON_TO = ("pehra.signals.no_such_thing",)
    with pytest.raises(ImportError) as broken:
        take(f"telecom@river.example:{SECRET}", at=at)
    # What the test itself holds is not the act's: from the door inwards.
    frames = traceback.TracebackException.from_exception(broken.value, capture_locals=True)
    inner = [frame for frame in frames.stack if "/pehra/" in frame.filename]
    assert inner
    assert _found(f"{frame.locals}" for frame in inner) == []
    assert not LeakedAccount.objects.exists()


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(SECRET)
    assert SECRET not in f"{secret} {secret!r} {secret!s} {[secret]} {vars(leaks).get(SECRET)}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret == Secret(SECRET)
    assert secret != Secret(SECRET + "x")
    assert secret != SECRET


def test_a_check_hangs_on_address_salt_key_and_secret() -> None:
    def made(**more) -> bytes:
        said = {"address": "a@deeds.example", "salt": b"s" * 16, "key": b"k" * 32, "secret": Secret(SECRET)} | more
        return leak_secrets.check_of(said.pop("secret"), **said)

    ours = made()
    assert ours == made()
    others = [made(address="b@deeds.example"), made(salt=b"t" * 16), made(key=b"l" * 32), made(secret=Secret("x"))]
    assert len({ours, *others}) == 5
    assert {len(one) for one in (ours, *others)} == {leak_secrets.CHECK_BYTES}


def test_a_candidate_is_read_from_standard_input_and_printed_nowhere(nation: Nation, at: datetime, caplog) -> None:
    take(f"clerk@deeds.example:{SECRET}", at=at)
    account = str(LeakedAccount.objects.get().id)
    right = CliRunner().invoke(commands, ["leak", "check", account], input=f"{SECRET}\n")
    assert (right.exit_code, right.output) == (0, "It is the one that leaked.\n")
    wrong = CliRunner().invoke(commands, ["leak", "check", account], input="another\n")
    assert wrong.exit_code == 1
    assert _found(_database()) == []
    assert _found(iter([caplog.text])) == []


def test_what_is_kept_for_nobody_to_ask_is_no_check(nation: Nation, at: datetime) -> None:
    take(f"who@gov-mail.example:{SECRET}", at=at)
    row = LeakedAccount.objects.get()
    assert (row.organisation, bytes(row.check_value), row.secret_kind) == ("", b"", "password")


def test_the_command_says_which_rows_were_set_aside(nation: Nation, tmp_path: Path) -> None:
    leak = tmp_path / "leak.csv"
    leak.write_text(f"email,password\nclerk@deeds.example,{SECRET}\n{SECRET},x\nx@y,{SECRET},z\n")
    result = CliRunner().invoke(commands, ["leaks", str(leak), "--source", "A list"])
    assert "3 rows read: 1 new, 0 known, 0 repeated, 0 of nobody known, 2 set aside" in result.output
    assert f"{leak}, line 3, address: is no e-mail address" in result.output
    assert f"{leak}, line 4, line: has 3 cells where the header has 2" in result.output
    listed = CliRunner().invoke(commands, ["leak", "list"]).output
    assert "A list\tTLP:AMBER\t1 addresses" in listed
    shown = CliRunner().invoke(commands, ["leak", "show", listed.split("\t")[0]]).output
    assert "clerk@deeds.example" in shown
    assert SECRET not in listed + shown


def test_a_stream_is_as_good_as_a_file(nation: Nation, at: datetime) -> None:
    said = api.receive_leak(
        content=io.BytesIO(b"clerk@deeds.example\r\n\r\nclerk@deeds.example\r\n"), source="A list", by=MACHINE, at=at
    )
    assert (said.rows_read, said.duplicates, said.kept) == (2, 1, 1)
