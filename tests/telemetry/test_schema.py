"""The one schema says what every column means, in words that the standards know."""

import json
import tarfile
from pathlib import Path
from typing import Any

from pehra.telemetry.rules import schema


def test_every_column_says_what_it_means() -> None:
    names = [column.name for column in schema.COLUMNS]
    assert len(set(names)) == len(names)
    for column in schema.COLUMNS:
        assert column.meaning
        if str(column.dtype) not in ("String", "Categorical"):
            assert column.unit or column.hidden, column.name


def test_intelmq_names_are_in_its_dictionary(shared_data: Path) -> None:
    fields = json.loads((shared_data / "feeds/intelmq-harmonization.json").read_text())["event"]
    assert {column.intelmq for column in schema.COLUMNS if column.intelmq} <= set(fields)


def test_ocsf_names_are_attributes_of_its_schema(shared_data: Path) -> None:
    objects: dict[str, dict[str, Any]] = {}
    with tarfile.open(shared_data / "exchange/ocsf/ocsf-schema-json.tar.xz") as archive:
        for member in archive:
            if member.name.endswith(".json") and ("objects/" in member.name or "dictionary" in member.name):
                opened = archive.extractfile(member)
                assert opened is not None
                objects.setdefault(Path(member.name).stem, json.loads(opened.read()))
    known = set(objects["dictionary"]["attributes"])
    assert {"src_endpoint", "dst_endpoint", "unmapped"} <= known
    for column in (*schema.COLUMNS, schema.EVENT_KEY):
        assert set(column.ocsf.split(".")) - {""} <= known, column.name


def test_the_guide_lists_every_column() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs/use/telemetry.md").read_text()
    for column in schema.shown():
        assert f"`{column.name}`" in guide, column.name
