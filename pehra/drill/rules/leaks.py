"""The leak of the sample: a list of accounts under the nation's own names, with made-up passwords.

It holds what a real one does: a few people of many organisations, services they used, rows that are none, a row twice,
addresses of nobody, and one person who signs in here.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import islice

from pehra.drill.rules.nation import Nation

SOURCE = "Combo list of the drill"
ORGANISATIONS = 12
_NAMES = ("accounts", "reception", "it.desk")
_HEADER = ("email", "password", "url", "leaked_at")


def leak_lines(nation: Nation, *, first: Sequence[str], person: str, day: date) -> bytes:
    """Return the list as CSV: of these organisations and the nation's first others. The same nation, the same list."""
    domains = {asset.organisation: asset.value for asset in reversed(nation.assets) if asset.type == "domain"}
    chosen = list(dict.fromkeys([*first, *islice(domains, ORGANISATIONS)]))[:ORGANISATIONS]
    rows = [
        (
            f"{name}@{domains[code]}",
            _password(place, turn),
            f"https://services.{domains[code]}/sign-in",
            _day(day, turn),
        )
        for place, code in enumerate(chosen)
        if code in domains
        for turn, name in enumerate(_NAMES)
    ]
    rows += [
        rows[0],
        (person, _password(90, 0), "https://tickets.example/", _day(day, 1)),
        ("somebody@abroad.example", _password(91, 0), "", _day(day, 1)),
        ("no address at all", _password(92, 0), "", _day(day, 1)),
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([_HEADER, *rows])
    return out.getvalue().encode()


def _password(place: int, turn: int) -> str:
    return f"drill-{place:02d}-{turn}-example"


def _day(day: date, turn: int) -> str:
    return (day - timedelta(days=turn)).isoformat()
