"""Messages as files in a Maildir: what a node does until it is given a mail server.

The file is written in `tmp`, forced to disk and moved to `new`. Its name follows from the message alone, so a message
sent again after a crash lands on itself, also when a reader has meanwhile moved it to `cur`.
"""

import contextlib
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pehra.kernel.refusals import Invalid
from pehra.outbox.gateways.transport import Parcel, TemporaryFault

_FOLDERS = ("tmp", "new", "cur")


class MaildirTransport:
    """A Maildir on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def from_url(cls, url: str) -> "MaildirTransport":
        """Read `maildir:///absolute/folder`."""
        path = Path(unquote(urlsplit(url).path))
        if urlsplit(url).netloc or not path.is_absolute() or path == Path("/"):
            raise Invalid("PEHRA_OUTBOX_URL: a Maildir is written maildir:///absolute/folder (three slashes)")
        return cls(path)

    def __enter__(self) -> "MaildirTransport":
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def deliver(self, parcel: Parcel) -> Mapping[str, object]:
        """Put one parcel into `new` and return its path and SHA-256."""
        name = f"{int(parcel.written_at)}.{parcel.name}.pehra"
        try:
            place = self._found(name) or self._written(name, parcel.content)
            digest = hashlib.sha256(place.read_bytes()).hexdigest()
        except OSError as error:
            raise TemporaryFault(f"the Maildir {self.folder} could not be written: {error}") from error
        return {"transport": "maildir", "path": str(place), "sha256": digest}

    def _found(self, name: str) -> Path | None:
        """Return where an earlier attempt put it; a reader adds `:2,` and flags when it moves a mail to `cur`."""
        candidates = [self.folder / "new" / name, *sorted((self.folder / "cur").glob(f"{name}*"))]
        return next((place for place in candidates if place.is_file()), None)

    def _written(self, name: str, content: bytes) -> Path:
        for folder in _FOLDERS:
            (self.folder / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        draft, place = self.folder / "tmp" / f"{name}.{os.getpid()}", self.folder / "new" / name
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(place)
        finally:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()
        descriptor = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # or the name itself is lost when the power goes
        finally:
            os.close(descriptor)
        return place
