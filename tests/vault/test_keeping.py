"""The vault: what is kept is found under its hash, unchanged; what could not be kept leaves nothing."""

import errno
import hashlib
import io
import os
import threading
from pathlib import Path

import pytest
import pyzipper

from pehra.kernel.refusals import Fault, Invalid
from pehra.vault import api


def test_the_same_bytes_are_kept_once(data_folder: Path) -> None:
    first, second = api.keep(b"a report", limit=100), api.keep(b"a report", limit=100)
    assert first == second == api.Kept(sha256=hashlib.sha256(b"a report").hexdigest(), size=8)
    assert api.read(first.sha256) == b"a report"
    files = [path for path in (data_folder / "vault").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [first.sha256]
    assert files[0].stat().st_mode & 0o077 == 0


def test_more_than_the_limit_is_refused_and_leaves_nothing(data_folder: Path) -> None:
    with pytest.raises(api.TooLarge):
        api.keep_stream(iter([b"x" * 60, b"x" * 60]), limit=100)
    assert [path for path in (data_folder / "vault").rglob("*") if path.is_file()] == []


def test_a_full_disk_is_said_and_leaves_nothing(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(api.Full, match="nothing was taken in"):
        api.keep(b"a report", limit=100)
    assert [path for path in (data_folder / "vault").rglob("*") if path.is_file()] == []


def test_bytes_that_were_changed_are_not_given_out(data_folder: Path) -> None:
    kept = api.keep(b"a report", limit=100)
    api.path_of(kept.sha256).write_bytes(b"another")
    with pytest.raises(api.Broken, match="was changed"):
        api.read(kept.sha256)
    api.path_of(kept.sha256).unlink()
    with pytest.raises(api.Broken, match="not in the vault"):
        api.read(kept.sha256)


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "A" * 64, "a" * 63])
def test_only_a_hash_is_a_place(text: str) -> None:
    with pytest.raises(Invalid):
        api.path_of(text)


def test_what_a_dead_writer_left_is_swept(data_folder: Path) -> None:
    api.keep(b"a report", limit=100)
    left = data_folder / "vault" / "dead.part"
    left.write_bytes(b"half")
    assert api.remove_leftovers(older_than=left.stat().st_mtime) == 0
    assert api.remove_leftovers(older_than=left.stat().st_mtime + 1) == 1
    assert not left.exists()


def test_a_sealed_file_opens_with_its_password_alone() -> None:
    packed = api.sealed(b"MZ hostile", name="sample.bin", password="infected")
    assert b"hostile" not in packed
    with pyzipper.AESZipFile(io.BytesIO(packed)) as archive:
        with pytest.raises(RuntimeError):
            archive.read("sample.bin")
        assert archive.read("sample.bin", pwd=b"infected") == b"MZ hostile"


def rested(sha256: str) -> None:
    """Let a file lie there since long ago."""
    os.utime(api.path_of(sha256), (1, 1))


def test_every_whole_file_is_told_and_no_half_one(data_folder: Path) -> None:
    kept = {api.keep(text.encode(), limit=100) for text in ("a report", "another", "a third")}
    (data_folder / "vault" / "dead.part").write_bytes(b"half")
    (data_folder / "vault" / "00").mkdir(exist_ok=True)
    (data_folder / "vault" / "00" / "no hash").write_bytes(b"none of ours")
    assert {(one.sha256, one.size) for one in api.lying()} == {(one.sha256, one.size) for one in kept}


def test_a_file_is_removed_only_when_it_was_kept_before_a_moment() -> None:
    kept = api.keep(b"a report", limit=100)
    moment = api.path_of(kept.sha256).stat().st_mtime
    assert not api.remove(kept.sha256, older_than=moment)
    assert api.read(kept.sha256) == b"a report"
    assert api.remove(kept.sha256, older_than=moment + 1)
    assert not api.lies(kept.sha256)
    assert api.remove(kept.sha256, older_than=moment + 1), "what is not there is gone"
    assert api.remove("f" * 64, older_than=moment)


def test_bytes_that_are_kept_again_count_from_then() -> None:
    kept = api.keep(b"a report", limit=100)
    rested(kept.sha256)
    api.keep(b"a report", limit=100)
    assert not api.remove(kept.sha256, older_than=1_000)
    assert api.read(kept.sha256) == b"a report"


def test_what_is_kept_while_it_is_removed_is_there_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes come in between the look at the old file and its end: they wait, and stay."""
    kept = api.keep(b"a report", limit=100)
    rested(kept.sha256)
    keeper = threading.Thread(target=api.keep, args=(b"a report",), kwargs={"limit": 100})
    unlink = Path.unlink

    def slowly(path: Path, missing_ok: bool = False) -> None:
        if path == api.path_of(kept.sha256):
            keeper.start()
            keeper.join(timeout=0.3)
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", slowly)
    assert api.remove(kept.sha256, older_than=1_000)
    keeper.join()
    assert api.read(kept.sha256) == b"a report"


def test_a_disk_that_refuses_to_remove_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = api.keep(b"a report", limit=100)
    rested(kept.sha256)

    def refused(path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(Fault, match="could not be removed"):
        api.remove(kept.sha256, older_than=1_000)
