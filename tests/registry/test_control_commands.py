"""`pehra registry controls`: what is listed, shown and written out."""

import csv
import io
import json
from datetime import datetime

import pytest
from click.testing import CliRunner

from pehra.kernel import clock
from pehra.kernel.actors import Actor
from pehra.registry import api
from pehra.registry.api import Reply, Said
from pehra.registry.commands import commands


def _ran(*words: str) -> str:
    done = CliRunner().invoke(commands, ["controls", *words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def assessed(nation: None, machine: Actor) -> str:
    """A reviewed assessment of one organisation, by two machines."""
    at: datetime = clock.now()
    made = api.open_assessment("gov-1", by=machine, at=at)
    said = [
        Said(control=row.control, reply=Reply.NO if row.control == "remote-mfa" else Reply.YES, reference="=1+1")
        for row in api.assessment(made, by=machine).answers
    ]
    api.answer_controls(assessment_id=made, said=said, by=machine, at=at)
    api.submit_assessment(assessment_id=made, by=machine, at=at)
    other = Actor(id="pehra.other", kind=machine.kind, name="another")
    api.review_assessment(assessment_id=made, decision="agree", by=other, at=at)
    return str(made)


def test_the_lowest_stand_first(assessed: str) -> None:
    first, *_rest = _ran("list", "--view", "lowest").splitlines()
    assert first.startswith("gov-1\tDepartment of Roads\t")
    assert "1 critical missing" in first
    rows = json.loads(_ran("list", "--json"))
    assert len(rows) == 5
    assert {row["organisation"]: row["due"] for row in rows}["gov-2"] == "never"
    assert _ran("list", "--view", "waiting") == "No organisation stands there.\n"


def test_one_organisation_with_its_trend(assessed: str) -> None:
    assert assessed in _ran("show", "gov-1")
    document = json.loads(_ran("show", "gov-1", "--json"))
    assert [point["gaps"] for point in document["trend"]] == [1]
    assert document["assessments"][0]["band"] == "gap"
    assert "No assessment yet" in _ran("show", "gov-2")


def test_written_out_whole(assessed: str) -> None:
    document = json.loads(_ran("export", assessed))
    assert len(document["answers"]) == document["total"]
    rows = list(csv.DictReader(io.StringIO(_ran("export", assessed, "--format", "csv").lstrip("\ufeff"))))
    assert {row["reference"] for row in rows} == {"'=1+1"}
    assert {row["control"] for row in rows} >= {"remote-mfa"}


def test_nobody_reviews_their_own_words_not_even_the_machine(nation: None, machine: Actor) -> None:
    from pehra.kernel.refusals import Forbidden

    made = api.open_assessment("gov-1", by=machine, at=clock.now())
    said = [Said(control=row.control, reply=Reply.PARTLY) for row in api.assessment(made, by=machine).answers]
    api.answer_controls(assessment_id=made, said=said, by=machine, at=clock.now())
    api.submit_assessment(assessment_id=made, by=machine, at=clock.now())
    with pytest.raises(Forbidden):
        api.review_assessment(assessment_id=made, decision="agree", by=machine, at=clock.now())
