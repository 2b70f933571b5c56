"""The node's own secret for content keys: made once, kept beside the lake, readable by its owner only.

If it is lost, events sent again are no longer known to be the same; no event is lost by it.
"""

import os
import secrets

from pehra.telemetry.gateways.folders import Lake, sync

_BYTES = 32


def of(lake: Lake) -> bytes:
    """Return the seed of a lake; made on first use. The caller is the lake's only writer."""
    path = lake.root / "seed"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        lake.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(secrets.token_bytes(_BYTES))
    sync(fresh)
    os.replace(fresh, path)
    sync(lake.root)
    return path.read_bytes()
