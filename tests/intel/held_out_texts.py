"""The shared texts of the held-out list: chosen by their hash, not by eye.

Of each kind, texts with a sign of an address, a name or a digest in them that are short enough for a person to
read and label; of these the first by hash. Which they are must not change, or the labels are of other texts.
"""

import gzip
import json
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

SHORTEST = 20  # characters
WORTH_LABELLING = re.compile(r"\w\.\w|@|://|[0-9a-f]{32}|:[0-9a-f]+:")
LINES_OF_A_LOG = 2  # logs repeat themselves


@dataclass(frozen=True, kw_only=True)
class Chosen:
    origin: str
    digest: str
    text: str


def chosen(shared: Path) -> Iterator[Chosen]:
    yield from first_by_hash("incidents", summaries(shared), count=45, longest=600)
    yield from first_by_hash("vulnerabilities", descriptions(shared), count=10, longest=700)
    yield from first_by_hash("log lines", log_lines(shared), count=60, longest=900)
    yield from first_by_hash("detection rules", detection_rules(shared), count=8, longest=2_600)
    yield from first_by_hash("raw mails", raw_mails(shared), count=9, longest=9_999)


def first_by_hash(origin: str, texts: Iterable[str], *, count: int, longest: int) -> Iterator[Chosen]:
    fit = {text for text in texts if SHORTEST <= len(text) <= longest and WORTH_LABELLING.search(text)}
    for digest, text in sorted((digest_of(text), text) for text in fit)[:count]:
        yield Chosen(origin=origin, digest=digest, text=text)


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def summaries(shared: Path) -> Iterator[str]:
    with gzip.open(shared / "incidents/vcdb.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line).get("summary") or ""


def descriptions(shared: Path) -> Iterator[str]:
    with gzip.open(shared / "vuln/cve/cve5-vulnrichment.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            for one in json.loads(line)["containers"]["cna"].get("descriptions", []):
                yield one["value"]


def log_lines(shared: Path) -> Iterator[str]:
    for path in sorted((shared / "logs/wazuh-cases").glob("*.ini")):
        if path.name.startswith("test_"):  # made for a parser's test, hundreds of almost the same line
            continue
        lines = path.read_text("utf-8", "replace").splitlines()
        logged = {line.split("=", 1)[1].strip() for line in lines if line.startswith("log ") and "=" in line}
        fit = [line for line in logged if SHORTEST <= len(line) <= 900 and WORTH_LABELLING.search(line)]
        yield from sorted(fit, key=digest_of)[:LINES_OF_A_LOG]


def detection_rules(shared: Path) -> Iterator[str]:
    with tarfile.open(shared / "logs/sigma/sigma-rules-2026-08-05.tar.xz") as archive:
        for member in archive:
            held = archive.extractfile(member) if member.isfile() and member.name.endswith(".yml") else None
            if held is not None and member.size <= 2_600:
                yield held.read().decode("utf-8", "replace")


def raw_mails(shared: Path) -> Iterator[str]:
    for path in sorted((shared / "cti/misp/pymisp-tests/email_testfiles").glob("*.eml")):
        yield path.read_text("utf-8", "replace")
