#!/usr/bin/env python3
"""Check the custody log of a piece of evidence from its exported file alone; needs nothing of Pehra.

    python3 check_custody.py PK-2026-000001-E1-custody.json [the file itself]

Each entry carries the digest of the one before it: SHA-256 over the canonical JSON (RFC 8785) of what it says. With the
file itself beside it, its hash is compared as well. Status 0: all holds; 1: something does not, and what; 2: not a log.
"""

import hashlib
import json
import sys

SAID = ("position", "act", "at", "by", "by_name", "to", "reason", "facts", "previous")


def digest(entry: dict[str, object]) -> str:
    """Return the digest of an entry. Its facts are texts, whole numbers and truth values: there JSON has one form."""
    said = {name: entry[name] for name in SAID}
    written = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


def first_wrong(entries: list[dict[str, object]]) -> int | None:
    """Return the place of the first entry that is not what was written, or does not follow."""
    before = ""
    for place, entry in enumerate(entries, start=1):
        if entry["position"] != place or entry["previous"] != before or digest(entry) != entry["digest"]:
            return place
        before = str(entry["digest"])
    return None


def hash_of(path: str) -> str:
    """Return the SHA-256 of a file, read piece by piece."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def main(arguments: list[str]) -> int:
    """Check a log, and the file where it is given."""
    try:
        with open(arguments[0], encoding="utf-8") as file:
            document = json.load(file)
        entries, sha256 = document["entries"], document["sha256"]
        wrong = first_wrong(entries)
    except (IndexError, OSError, ValueError, KeyError, TypeError) as error:
        print(f"this is no custody log: {error}", file=sys.stderr)
        return 2
    if wrong is not None:
        print(f"entry {wrong} is not what was written, or does not follow the one before")
        return 1
    if not entries or entries[0]["facts"].get("sha256") != sha256:
        print("the log does not begin with this file's hash")
        return 1
    if len(arguments) > 1 and hash_of(arguments[1]) != sha256:
        print(f"{arguments[1]} is not the file that was taken in")
        return 1
    print(f"{len(entries)} entries, each following the one before; the last digest: {entries[-1]['digest']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
