"""Laying out a node again keeps what is there."""

from datetime import datetime
from pathlib import Path

import pytest

from pehra.kernel.actors import Actor
from pehra.node import initialise

pytestmark = pytest.mark.django_db


def test_a_sample_is_laid_out_once(
    tmp_path: Path, machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    cast = (("01a20ea1-f421-768b-a219-e62e3e4b43a8", "Amna"),)
    monkeypatch.setattr(initialise, "_lay_out_sample", lambda *, seed, **rest: drawn.append(seed) or cast)
    for seed in (7, 9):
        initialise.lay_out(
            data=tmp_path, profile="pk", sample=True, seed=seed, by=machine, at=at, say=lambda text: None
        )
    assert drawn == [7]
    assert initialise.noted_layout(tmp_path) == initialise.Layout(profile="pk", sample=True, people=cast)
