"""Observables in texts the extractor was not made with: labelled by hand before it was run (held_out/README.md)."""

import tomllib
from collections import Counter
from pathlib import Path

from pehra.intel.api import observables_in
from tests.intel.held_out_texts import chosen
from tests.intel.test_free_text import label

HELD_OUT = Path(__file__).with_name("held_out")
LABELLED_MIN = {"composed": 250, "shared": 130}
WANTED = 0.95

Labels = set[tuple[str, ...]]


def test_precision_and_recall_over_composed_texts() -> None:
    texts = tomllib.loads((HELD_OUT / "composed.toml").read_text("utf-8"))["text"]
    wanted = {(text["name"], *line.split(" ", 1)) for text in texts for line in text["shows"]}
    found = {(text["name"], one.kind.value, one.value) for text in texts for one in observables_in(text["writing"])}
    assert len(wanted) >= LABELLED_MIN["composed"]
    require_both(wanted, found)


def test_precision_and_recall_over_shared_texts(shared_data: Path) -> None:
    lines = [line.split("\t") for line in (HELD_OUT / "shared.tsv").read_text("utf-8").splitlines()[1:]]
    texts = {one.digest[:16]: one for one in chosen(shared_data)}
    assert {text for _, text, _, _ in lines} == texts.keys(), "the labels are of other texts"
    wanted = {(text, kind, value) for _, text, kind, value in lines if kind != "-"}
    found = {
        label(one.digest, seen.kind.value, seen.value) for one in texts.values() for seen in observables_in(one.text)
    }
    assert len(wanted) >= LABELLED_MIN["shared"]
    require_both(wanted, found)


def require_both(wanted: Labels, found: Labels) -> None:
    """Hold precision and recall, over all: of some types there are too few here to be held each."""
    right, invented, missed = wanted & found, found - wanted, wanted - found
    by_type = {"invented": Counter(kind for _, kind, _ in invented), "missed": Counter(kind for _, kind, _ in missed)}
    assert len(right) >= WANTED * len(found), f"precision {len(right)} of {len(found)}: {by_type}"
    assert len(right) >= WANTED * len(wanted), f"recall {len(right)} of {len(wanted)}: {by_type}"
