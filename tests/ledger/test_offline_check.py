"""The independent tool: checks proofs and exports without Pehra, and says no to every forgery."""

import ast
import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pehra.kernel.actors import Actor
from pehra.ledger import api
from pehra.ledger.commands import commands
from pehra.ledger.rules.notes import SigningKey

pytestmark = pytest.mark.django_db
TOOL = Path(__file__).resolve().parents[2] / "tools" / "verify_ledger.py"
Document = dict[str, Any]


def pehra(*words: str) -> Result:
    return CliRunner().invoke(commands, words, catch_exceptions=False)


def check(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-W", "error", str(TOOL), *map(str, words)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def files(machine: Actor, at: datetime, data_folder: Path) -> Path:
    """A ledger of 11 entries under three checkpoints, one waiting, and everything it gives to outsiders."""
    for first, until in ((0, 3), (3, 8), (8, 11)):
        for number in range(first, until):
            api.record("incidents.opened", subject=f"مسئلہ-{number}", by=machine, at=at, facts={"number": number})
        api.place_entries(at=at)
    (seen,) = api.history(subject="مسئلہ-5", by=machine)
    api.record("incidents.opened", subject="waiting", by=machine, at=at)
    assert pehra("prove", str(seen.id), "--out", str(data_folder / "proof.json")).exit_code == 0
    assert pehra("checkpoint", "--since", "3", "--out", str(data_folder / "growth.json")).exit_code == 0
    assert pehra("export", "--out", str(data_folder / "export.jsonl")).exit_code == 0
    assert pehra("checkpoint", "--out", str(data_folder / "checkpoint")).exit_code == 0
    assert pehra("checkpoint", "--size", "8", "--out", str(data_folder / "earlier")).exit_code == 0
    return data_folder


def test_the_tool_imports_nothing_of_pehra() -> None:
    modules = {
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(TOOL.read_text()))
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").split(".")[0]
        for node in ast.walk(ast.parse(TOOL.read_text()))
        if isinstance(node, ast.ImportFrom)
    }
    assert modules - sys.stdlib_module_names == {"cryptography"}


def test_all_that_the_ledger_gives_out_holds(files: Path) -> None:
    for kept in ("checkpoint", "earlier"):
        done = check(
            files / "proof.json",
            files / "growth.json",
            files / "export.jsonl",
            "--key",
            api.verifier(),
            "--checkpoint",
            files / kept,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("HOLDS") == 3
        assert "stands at position 5 under the checkpoint of 11 entries" in done.stdout
        assert "11 entries hashed anew, 3 checkpoints met" in done.stdout
        assert "1 entries are not yet sealed" in done.stdout
        assert "compare it with yours" not in done.stdout
    assert "compare it with yours" in check(files / "proof.json").stdout


def test_every_entry_can_be_proven_under_every_later_checkpoint(files: Path, machine: Actor) -> None:
    written = []
    for entry in api.recent(by=machine, before=None, limit=99):
        for size in (3, 8, 11):
            if entry.position is not None and entry.position < size:
                written.append(files / f"{entry.position}-{size}.json")
                written[-1].write_text(json.dumps(api.prove(entry.id, by=machine, size=size)))
    assert len(written) == 3 + 8 + 11
    done = check(*written)
    assert (done.returncode, done.stdout.count("HOLDS")) == (0, 22)


def flip(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[0] ^= 1
    return base64.b64encode(raw).decode()


FORGED_PROOFS: dict[str, Callable[[Document], object]] = {
    "a flipped byte in the entry": lambda proof: proof.update(entry=proof["entry"].replace("opened", "closed")),
    "a space in the entry": lambda proof: proof.update(entry=proof["entry"] + " "),
    "another position": lambda proof: proof.update(position=4),
    "a position outside": lambda proof: proof.update(position=11),
    "a flipped byte in the proof": lambda proof: proof["proof"].__setitem__(0, flip(proof["proof"][0])),
    "a step less": lambda proof: proof["proof"].pop(),
    "a step more": lambda proof: proof["proof"].append(proof["proof"][0]),
    "steps in another order": lambda proof: proof["proof"].reverse(),
    "another size": lambda proof: proof.update(size=12),
    "another size in both": lambda proof: proof.update(
        size=12, checkpoint=proof["checkpoint"].replace("\n11\n", "\n12\n")
    ),
    "another root": lambda proof: proof.update(
        checkpoint=proof["checkpoint"].replace(line := proof["checkpoint"].split("\n")[2], flip(line))
    ),
    "another moment of signing": lambda proof: proof.update(checkpoint=proof["checkpoint"].replace("09:30", "09:31")),
    "no signature": lambda proof: proof.update(checkpoint=proof["checkpoint"].split("—")[0] + "— x AAAAAAAA\n"),
    "a key that is none": lambda proof: proof.update(verifier=proof["verifier"].replace("+A", "+AA", 1)),
    "a key's id that is not its own": lambda proof: proof.update(
        verifier="+".join([(parts := proof["verifier"].split("+", 2))[0], "00000000", parts[2]])
    ),
    "nothing where the proof was": lambda proof: proof.pop("proof"),
}


@pytest.mark.parametrize("name", FORGED_PROOFS)
def test_a_forged_proof_is_broken(name: str, files: Path) -> None:
    proof = json.loads((files / "proof.json").read_text())
    FORGED_PROOFS[name](proof)
    (files / "proof.json").write_text(json.dumps(proof))
    done = check(files / "proof.json")
    assert done.returncode == 1, done
    assert "BROKEN" in done.stdout


@pytest.mark.parametrize("name", ["old", "new", "proof"])
def test_a_forged_proof_of_growth_is_broken(name: str, files: Path) -> None:
    growth = json.loads((files / "growth.json").read_text())
    if name == "proof":
        growth["proof"][-1] = flip(growth["proof"][-1])
    else:
        growth[name] = (files / "earlier").read_text()
    (files / "growth.json").write_text(json.dumps(growth))
    assert check(files / "growth.json").returncode == 1


def lines_of(files: Path) -> list[Document]:
    return [json.loads(line) for line in (files / "export.jsonl").read_text().splitlines()]


def renumbered(lines: list[Document]) -> list[Document]:
    entries: Iterator[int] = iter(range(99))
    return [line | {"position": next(entries)} if line["type"] == "entry" else line for line in lines]


# An export's lines: 0 opening, 1-3 entries, 4 checkpoint, 5-9 entries, 10 checkpoint, 11-13 entries, 14 checkpoint,
# 15 waiting.
FORGED_EXPORTS: dict[str, Callable[[list[Document]], list[Document]]] = {
    "a flipped byte": lambda lines: [*lines[:6], lines[6] | {"entry": lines[6]["entry"].replace("4", "5")}, *lines[7:]],
    "a removed entry": lambda lines: lines[:6] + lines[7:],
    "a removed entry, renumbered": lambda lines: renumbered(lines[:6] + lines[7:]),
    "two entries swapped": lambda lines: [*lines[:6], lines[7], lines[6], *lines[8:]],
    "two entries swapped, renumbered": lambda lines: renumbered([*lines[:6], lines[7], lines[6], *lines[8:]]),
    "a doubled entry, renumbered": lambda lines: renumbered(lines[:6] + lines[5:]),
    "the end cut off": lambda lines: lines[:12],
    "the last entry cut off": lambda lines: lines[:13] + lines[14:],
    "an entry without a checkpoint": lambda lines: lines[:14],
    "a waiting entry slipped in": lambda lines: [*lines[:4], lines[15], *lines[4:]],
    "an entry that says nothing": lambda lines: [*lines[:1], lines[1] | {"entry": "{}"}, *lines[2:]],
}


@pytest.mark.parametrize("name", FORGED_EXPORTS)
def test_a_forged_export_is_broken(name: str, files: Path) -> None:
    lines = lines_of(files)
    assert [line["type"] for line in lines].count("entry") == 11
    forged = FORGED_EXPORTS[name](lines)
    assert forged != lines
    (files / "export.jsonl").write_text("\n".join(json.dumps(line) for line in forged))
    done = check(files / "export.jsonl")
    assert done.returncode == 1, done
    assert "BROKEN" in done.stdout


def test_an_export_cut_short_at_a_checkpoint_needs_one_kept_outside(files: Path) -> None:
    (files / "export.jsonl").write_text("\n".join(json.dumps(line) for line in lines_of(files)[:11]))
    assert check(files / "export.jsonl").returncode == 0
    done = check(files / "export.jsonl", "--checkpoint", files / "checkpoint")
    assert done.returncode == 1
    assert "cut short" in done.stdout


def exchange_key(data: Path) -> None:
    seed = bytes(32)
    (data / "keys" / "ledger.key").write_text(
        SigningKey(f"pehra/pk/{SigningKey('pehra', seed).verifier.id.hex()}", seed).encoded()
    )


def test_another_key_than_the_one_given_is_broken(files: Path, data_folder: Path) -> None:
    given = api.verifier()
    exchange_key(data_folder)
    assert given != api.verifier()
    for name in ("proof.json", "growth.json", "export.jsonl"):
        assert check(files / name, "--key", api.verifier()).returncode == 1
        assert check(files / name, "--key", given).returncode == 0


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"type": "x", "version": 1}', '{"type": "pehra-ledger-export"}']
)
def test_a_file_that_is_none_of_ours_is_unusable(content: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(content)
    done = check(tmp_path / "file")
    assert done.returncode == 2
    assert "UNUSABLE" in done.stderr
    assert check(tmp_path / "absent").returncode == 2


def test_verify_says_what_is_broken_and_exits_with_one(files: Path) -> None:
    assert pehra("verify").exit_code == 0
    done = pehra("verify", "--json", "--checkpoint", str(files / "checkpoint"))
    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"], found["first_bad"], found["entries"], found["waiting"]) == (
        0,
        True,
        None,
        11,
        1,
    )
    exchange_key(files)
    done = pehra("verify", "--json")
    assert (done.exit_code, json.loads(done.stdout)["ok"]) == (1, False)
    done = pehra("verify")
    assert done.exit_code == 1
    assert "not signed by" in done.stdout


def test_commands_print_one_document(files: Path, machine: Actor) -> None:
    newest = api.recent(by=machine, before=None, limit=2)[1]
    listed = json.loads(pehra("list", "--json", "--limit", "5").stdout)
    assert [entry["position"] for entry in listed] == [None, 10, 9, 8, 7]
    assert json.loads(pehra("list", "--json", "--subject", "مسئلہ-5").stdout)[0]["facts"] == {"number": 5}
    assert "not yet sealed" in pehra("list").stdout
    assert json.loads(pehra("prove", str(newest.id)).stdout) == json.loads(
        pehra("prove", str(newest.id), "--json").stdout
    )
    shown = json.loads(pehra("checkpoint", "--json").stdout)
    assert shown["checkpoint"] == (files / "checkpoint").read_text() == pehra("checkpoint").stdout
    exported = pehra("export").stdout
    assert exported == (files / "export.jsonl").read_text()


def test_an_empty_ledger_verifies_and_has_no_checkpoint(data_folder: Path) -> None:
    found = api.verify()
    assert (found.ok, found.entries, api.latest_checkpoint()) == (True, 0, None)
    assert pehra("checkpoint").exit_code == 1
    assert pehra("export", "--out", str(data_folder / "empty.jsonl")).exit_code == 0
    assert check(data_folder / "empty.jsonl").returncode == 0
