"""A loaded registry, and files for it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from pehra.kernel.actors import Actor
from pehra.registry import api
from pehra.registry.api import ImportSummary

Importer = Callable[[str, str], ImportSummary]

ORGANISATIONS = """\
organisation,name,name_local,sector,territory,classes,parent
op-1,Saffron Telecom,زعفران ٹیلی کام,telecom,punjab,licensee;private,
op-2,Indigo Telecom,,telecom,sindh,licensee;private,
gov-1,Department of Roads,,government,punjab,public-body,
gov-2,Roads Laboratory,,government,punjab,public-body,gov-1
new-1,Not Yet Classed,,,,,
"""
ASSETS = """\
type,value,organisation,relation,valid_from,valid_to
prefix,198.18.0.0/15,,,,
prefix,198.18.0.0/16,op-1,occupied,2020-01-01,
prefix,198.18.7.0/24,gov-1,deployed,2020-01-01,2025-12-31
prefix,198.18.7.0/24,gov-2,deployed,2026-01-01,
prefix,2001:db8::/32,op-2,occupied,,
prefix,2001:db8:7::/48,gov-1,deployed,,
asn,AS64500,op-1,,,
domain,roads.example,gov-1,,,
host,lab.roads.example,gov-2,,,
host,198.18.9.9,gov-2,,,
service,https://pay.roads.example/fees,gov-2,developed,,
product,Contoso Gateway 7,gov-1,,,
product,Contoso Gateway 7,op-1,,,
"""
CONTACTS = """\
organisation,role,name,email,phone,language,hours
op-1,security,Saffron desk,noc@saffron.example,+999 555 0001,en,24x7
op-1,legal,Saffron counsel,law@saffron.example,,en,
gov-1,security,Roads desk,security@roads.example,,ur,Mon-Fri 09:00-17:00
ntcert,duty,Telecom duty desk,duty@ntcert.example,,en,24x7
"""


@pytest.fixture
def profile(db: None, machine: Actor, at: datetime) -> None:
    """The registry with the country's teams, sectors and territories, and nobody in it."""
    api.load_profile(by=machine, at=at)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a file and return its path."""

    def written(content: str | bytes, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


@pytest.fixture
def take_in(
    profile: None, write: Callable[[str | bytes], Path], machine: Actor, at: datetime
) -> Callable[..., ImportSummary]:
    """Import some text as a file of a kind."""

    def taken(kind: str, content: str | bytes, *, by: Actor = machine) -> ImportSummary:
        return api.import_csv(path=write(content), kind=kind, by=by, at=at)

    return taken


@pytest.fixture
def nation(take_in: Callable[..., ImportSummary]) -> None:
    """A small nation: two operators, two public bodies, one that nobody has classed."""
    for kind, content in (("organisations", ORGANISATIONS), ("assets", ASSETS), ("contacts", CONTACTS)):
        summary = take_in(kind, content)
        assert not summary.rejected, summary.rejected
