"""What the resolved lock may contain: licences that an Apache-2.0 program may depend on, unmodified.

The whole lock is looked at, not the direct names: what arrives behind a dependency counts as much.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

# MIT, BSD, Apache-2.0, ISC, PSF, MPL-2.0, LGPL as an unmodified dependency, OFL for fonts; and those that ask for less.
ALLOWED = frozenset(
    {
        *("MIT", "MIT-0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Apache-2.0", "ISC", "PSF-2.0", "MPL-2.0"),
        *("LGPL-3.0-only", "LGPL-3.0-or-later", "LGPL-2.1-or-later", "OFL-1.1", "Zlib", "CC0-1.0", "Unlicense"),
    }
)
SPELLINGS = {
    "MIT License": "MIT",
    "BSD License": "BSD",
    "BSD 2-Clause License": "BSD-2-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
}
# Packages whose metadata name no licence, or tell the whole text of one; read in the file named.
READ_ELSEWHERE = {
    "axe-playwright-python": "MIT",  # its LICENSE file, in the wheel
    "polars-hash": "MIT",  # LICENSE in its source repository
    "pytricia": "LGPL-3.0-or-later",  # its COPYING.LESSER file, in the wheel; a benchmark's peer, never shipped
    "scim2-tester": "Apache-2.0",  # the text in its metadata, unmodified; a test's other side, never shipped
}
_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)


def locked(lock: Path) -> list[str]:
    """The names that a lock file resolves to."""
    return sorted({name.lower() for name in _LOCKED.findall(lock.read_text())})


def installed(names: list[str]) -> dict[str, str]:
    """The licence that each installed package states; those for other platforms are not installed and are left out."""
    stated = {}
    for name in names:
        try:
            stated[name] = licence(metadata.metadata(name))
        except metadata.PackageNotFoundError:
            continue
    return stated


def licence(about: metadata.PackageMetadata) -> str:
    """The licence expression that a package's metadata state, in whichever of three places."""
    named = about["Name"].lower().replace("_", "-")
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    classes = [
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    known = [SPELLINGS.get(line, line) for line in classes if line != "OSI Approved"]
    if known:
        return " OR ".join(known)
    text = (about.get("License") or "").strip()
    return READ_ELSEWHERE.get(named) or SPELLINGS.get(text, text)


def refused(stated: Mapping[str, str]) -> Iterator[str]:
    """Say which licences are not on the list: of A AND B both must be, of A OR B one."""
    for name, expression in stated.items():
        choices = re.split(
            r"\s+OR\s+", expression.replace("(", "").replace(")", "") if " " in expression else expression
        )
        if not any(all(term in ALLOWED for term in re.split(r"\s+AND\s+", choice)) for choice in choices):
            yield f"{name}: {expression or 'states no licence'}"
