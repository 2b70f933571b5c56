"""Two that take the same past in at the same moment: it is there once."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connection

from pehra.incidents import api
from pehra.incidents.api import history
from pehra.incidents.models import Incident
from pehra.kernel.actors import Actor

from .test_import import RECORD


@pytest.mark.django_db(transaction=True)
def test_two_that_take_in_the_same_file_at_once_double_nothing(
    committed_country: None, tmp_path: Path, machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "past.jsonl"
    file.write_text(json.dumps(RECORD))
    known, both = history._unknown, Barrier(2)

    def together(pasts: Any) -> Any:
        found = known(pasts)
        with suppress(BrokenBarrierError):
            both.wait(timeout=0.5)
        return found

    def take(_number: int) -> int:
        try:
            return api.import_history(path=file, by=machine, at=at).added
        finally:
            connection.close()

    monkeypatch.setattr(history, "_unknown", together)
    with ThreadPoolExecutor(2) as workers:
        assert sorted(workers.map(take, range(2))) == [0, 1]
    assert Incident.objects.filter(origin_rule="history").count() == 1
