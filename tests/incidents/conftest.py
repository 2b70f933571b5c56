"""What the tests of incidents share: a small country in the registry, and findings in it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from pehra.findings.api import FindingView
from pehra.kernel.identifiers import new_id

FindingMaker = Callable[..., FindingView]


@pytest.fixture
def finding(at: datetime) -> FindingMaker:
    """Make a finding as the fold gives it: by default an infected host of the telecom operator."""

    def make(**differently: Any) -> FindingView:
        said: dict[str, Any] = {
            "id": new_id(at),
            "subject": "198.18.0.7",
            "asset": "prefix:198.18.0.0/24",
            "organisation": "org-0001",
            "sector": "telecom",
            "territory": "punjab",
            "lead_team": "ntcert",
            "teams": ("ntcert", "pkcert"),
            "taxonomy": "malicious-code",
            "type": "infected-system",
            "identifier": "sinkhole",
            "malware": "andromeda",
            "port": 0,
            "state": "open",
            "first_seen": at,
            "last_seen": at,
            "times": 1,
            "because": [],
        }
        said |= differently
        said.setdefault("kind", "/".join(filter(None, (said["type"], said["identifier"], said["malware"]))))
        return FindingView(**said)

    return make
