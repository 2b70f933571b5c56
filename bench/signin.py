"""What coming in costs, and whether its time tells who has an account: 2,000 people behind both walls.

The whole application answers in one process (no socket, no second client): the sign-in page as a stranger opens it, the
challenge that a passkey signs, a refused password of somebody who has one, of somebody who has none, and of nobody.
The last three must take the same time: a stranger who measures learns nothing. Limit: the page under 50 ms at the
95th percentile.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pehra.node.settings")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import django

LIMIT_MS = 50


def main() -> None:
    """Measure, and print one JSON document or a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pehra-bench-") as folder:
        result = _measured(arguments.rounds, Path(folder))
    if arguments.json:
        print(json.dumps(result))
        return
    for group in ("figures", "ratios"):
        for name, value in result[group].items():
            print(f"{name:36} {value}")


def _measured(rounds: int, folder: Path) -> dict[str, Any]:
    django.setup()
    from django.conf import settings
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command

    from bench.access import PEOPLE, _fill, _use
    from pehra.access import api
    from pehra.access.models import Person
    from pehra.node.database import Database

    folder.chmod(0o711)
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.ACCOUNT_RATE_LIMITS = settings.MFA_RATE_LIMITS = False  # they would answer instead
    settings.PEHRA_REQUESTS_PER_MINUTE_ADDRESS = settings.PEHRA_REQUESTS_PER_MINUTE_ACCOUNT = 10**9
    with Database(folder / "node", fast=True) as url:
        _use(url)
        call_command("createcachetable", verbosity=0)
        api.lay_second_wall()
        _fill()
        tries = max(10, rounds // 10)
        known = [f"p{number}@cast.example" for number in range(100, 101 + tries)]
        Person.objects.filter(email__in=known).update(password=make_password("four words for a bench"))
        page, page_cpu = _milliseconds(lambda: _stranger().get("/access/sign-in"), rounds, 200)
        json_wanted = {"Accept": "application/json"}
        challenge, _cpu = _milliseconds(
            lambda: _stranger().get("/account/passkeys/sign-in", headers=json_wanted), rounds, 200
        )
        refused = {}
        for name, people in (
            ("known", known),
            ("unset", [f"p{number}@cast.example" for number in range(500, 501 + tries)]),
            ("unknown", [f"nobody{number}@cast.example" for number in range(1 + tries)]),
        ):
            left = iter(people)
            refused[name] = _milliseconds(lambda left=left: _try(next(left)), tries, 422)[1]
        from django.db import connection

        connection.close()
    medians = {name: statistics.median(spent) for name, spent in refused.items()}
    figures = {
        "people": PEOPLE, "rounds": rounds, "page_p50_ms": _at(page, 50), "page_p95_ms": _at(page, 95),
        "page_cpu_p95_ms": _at(page_cpu, 95),
        "challenge_p95_ms": _at(challenge, 95), **{f"refused_{name}_ms": round(ms, 1) for name, ms in medians.items()},
    }  # fmt: skip
    ratios = {
        f"page_p95_over_limit_{LIMIT_MS}ms": round(_at(page, 95) / LIMIT_MS, 3),
        "refused_unknown_over_known": round(medians["unknown"] / medians["known"], 3),
        "refused_unset_over_known": round(medians["unset"] / medians["known"], 3),
    }
    return {"name": "signin", "figures": figures, "ratios": ratios}


@cache
def _browser() -> Any:
    from django.test import Client

    return Client()


def _stranger() -> Any:
    """Return a browser without a cookie; making one anew would load the whole application again."""
    _browser().cookies.clear()
    return _browser()


def _try(email: str) -> Any:
    """Try a wrong password: each time another account, from another place, so that no limit answers instead."""
    place = f"198.51.100.{hash(email) % 250}"
    return _stranger().post("/access/sign-in", {"login": email, "password": "not the one at all"}, REMOTE_ADDR=place)


def _milliseconds(work: Callable[[], Any], rounds: int, status: int) -> tuple[list[float], list[float]]:
    """Return the times of all rounds, and its own share of the machine; the first is left out."""
    spent, own = [], []
    for number in range(rounds + 1):
        before, own_before = time.perf_counter(), time.process_time()
        answer = work()
        if answer.status_code != status:
            raise SystemExit(f"answered {answer.status_code}, not {status}")
        if number:
            spent.append((time.perf_counter() - before) * 1e3)
            own.append((time.process_time() - own_before) * 1e3)
    return spent, own


def _at(spent: list[float], percentile: int) -> float:
    return round(statistics.quantiles(spent, n=100)[percentile - 1], 2)


if __name__ == "__main__":
    main()
