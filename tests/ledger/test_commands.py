"""`pehra ledger`: files that cannot be read or written are a message, not a fault."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pehra.kernel.refusals import Fault, Invalid
from pehra.ledger.commands import commands

pytestmark = pytest.mark.django_db


def test_a_checkpoint_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"\xec\x00")
    said = CliRunner().invoke(commands, ["verify", "--checkpoint", str(path)])
    assert isinstance(said.exception, Invalid)
    assert said.exception.field == "checkpoint"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    said = CliRunner().invoke(commands, ["export", "--out", str(tmp_path / "nowhere" / "ledger.jsonl")])
    assert isinstance(said.exception, Fault)
    assert "nowhere" in str(said.exception)
