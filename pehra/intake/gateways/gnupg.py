"""GnuPG as its own process, in a home that lives for one mail: decrypt with our keys, verify with those that are known.

Nothing is fetched, nothing is trusted that was not handed in, and no state stays behind. The process is bounded in time
and in what it may write. Where the program is missing, that is said, and the mail waits as it came.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pehra.kernel.refusals import Fault

SECONDS_MAX = 30
PLAIN_BYTES_MAX = 64 * 1024 * 1024
MISSING = "GnuPG is not installed on this machine (Debian: gnupg), so OpenPGP mail is kept and not read"
_OPTIONS = (
    *("--batch", "--no-tty", "--quiet", "--no-auto-key-retrieve", "--no-auto-key-locate", "--no-auto-key-import"),
    *("--trust-model", "always", "--pinentry-mode", "loopback", "--passphrase", "", "--disable-dirmngr"),
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What GnuPG said: the plain text where there is one, and its status lines by keyword, each as words."""

    plain: bytes | None
    lines: tuple[tuple[str, ...], ...]

    def has(self, keyword: str) -> bool:
        """Whether a status was said."""
        return any(line[0] == keyword for line in self.lines)

    def words(self, keyword: str) -> tuple[str, ...]:
        """Return the words after a status, the first time it was said."""
        return next((line[1:] for line in self.lines if line[0] == keyword), ())


def decrypted(content: bytes, *, secrets: Iterable[Path], certificates: Iterable[bytes]) -> Said:
    """Decrypt a message, or take an inline-signed one apart; its signature is judged where its key is known."""
    with _home(certificates=certificates, secrets=secrets) as home:
        plain = home / "plain"
        lines = _run(home, "--max-output", str(PLAIN_BYTES_MAX), "--output", str(plain), "--decrypt", content=content)
        return Said(plain=plain.read_bytes() if plain.is_file() else None, lines=lines)


def verified(content: bytes, signature: bytes, *, certificates: Iterable[bytes]) -> Said:
    """Judge a detached signature."""
    with _home(certificates=certificates, secrets=()) as home:
        signed = home / "signature"
        signed.write_bytes(signature)
        return Said(plain=None, lines=_run(home, "--verify", str(signed), "-", content=content))


@contextmanager
def _home(*, certificates: Iterable[bytes], secrets: Iterable[Path]) -> Iterator[Path]:
    if shutil.which("gpg") is None:
        raise Fault(MISSING)
    # Short: the agent's socket lies here, and a socket's path is bounded.
    home = Path(tempfile.mkdtemp(prefix="pehra-pgp-"))
    keys = [*certificates]
    own = [path.read_bytes() for path in secrets]
    try:
        for key in [*keys, *own]:
            _run(home, "--import", content=key)
        yield home
    finally:
        if own:
            kill = ["gpgconf", "--homedir", str(home), "--kill", "all"]
            subprocess.run(kill, check=False, capture_output=True, timeout=SECONDS_MAX)
        shutil.rmtree(home, ignore_errors=True)


def _run(home: Path, *arguments: str, content: bytes) -> tuple[tuple[str, ...], ...]:
    """Run GnuPG once and return its status lines; how it ended is in them."""
    status = home / "status"
    status.unlink(missing_ok=True)
    command = ["gpg", "--homedir", str(home), "--status-file", str(status), *_OPTIONS, *arguments]
    environment = {"PATH": f"/usr/local/bin:{os.defpath}", "LC_ALL": "C", "GNUPGHOME": str(home), "HOME": str(home)}
    try:
        subprocess.run(command, input=content, capture_output=True, check=False, timeout=SECONDS_MAX, env=environment)
    except subprocess.TimeoutExpired as error:
        raise Fault(f"GnuPG did not end within {SECONDS_MAX} seconds") from error
    said = status.read_text("utf-8", "replace") if status.is_file() else ""
    lines = [tuple(line.split()[1:]) for line in said.splitlines() if line.startswith("[GNUPG:] ")]
    return tuple(line for line in lines if line)
