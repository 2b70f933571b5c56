"""The file of the offline form: taken as it was saved, or refused with the part that does not fit."""

import json
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.intake.rules.forms import offline
from pehra.intake.rules.forms.offline import FileRefused, Unusable

INNER = {
    "form": "public",
    "profile": "pk",
    "version": "2026.1",
    "language": "ur",
    "answers": {"what-happened": ["فائلیں بند ہو گئیں"], "others-told": ["police", "customers"]},
    "reporter": {"name": "کوئی"},
}


def saved(inner: object = None, **outer: object) -> bytes:
    content = json.dumps(INNER if inner is None else inner, ensure_ascii=False)
    whole = {"pehra-form": 1, "content": content, "sha256": sha256(content.encode()).hexdigest()} | outer
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def refusal(raw: bytes) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        offline.read(raw, profile="pk")
    return refused.value


def test_a_saved_file_is_what_was_typed():
    form = offline.read(saved(), profile="pk")
    assert form.typed == {"what-happened": ("فائلیں بند ہو گئیں",), "others-told": ("police", "customers")}
    assert (form.language, form.reporter) == ("ur", {"name": "کوئی"})


def test_its_outside_may_be_written_anew_and_a_mark_may_stand_before_it():
    again = json.dumps(json.loads(saved()), ensure_ascii=True).encode()
    assert offline.read(again, profile="pk") == offline.read(b"\xef\xbb\xbf" + saved(), profile="pk")


def test_one_changed_letter_is_told():
    assert refusal(saved().replace("بند".encode(), "بنڈ".encode())).reason is Unusable.DAMAGED


def test_a_text_that_was_cut_in_the_middle_of_a_character_loses_no_report():
    content = json.dumps(INNER | {"answers": {"what-happened": ["locked \ud83d"]}})  # escaped, as a browser writes it
    form = offline.read(saved(content=content, sha256=sha256(content.encode()).hexdigest()), profile="pk")
    assert form.typed["what-happened"] == ("locked \ud83d",)


REFUSED = [
    (b"", Unusable.EMPTY, ""),
    (b" \n", Unusable.EMPTY, ""),
    (b"x" * (offline.FILE_BYTES_MAX + 1), Unusable.TOO_LARGE, ""),
    (b"\xff\xfe", Unusable.NOT_JSON, ""),
    (saved()[:-30], Unusable.NOT_JSON, ""),
    (b"[" * 100_000, Unusable.NOT_JSON, ""),
    (b'{"pehra-form":1,"pehra-form":1,"content":"","sha256":""}', Unusable.NOT_JSON, ""),
    (b"[]", Unusable.NOT_A_FORM, "file"),
    (saved(extra=1), Unusable.NOT_A_FORM, "file"),
    (saved(**{"pehra-form": 2}), Unusable.NEWER, ""),
    (saved(**{"pehra-form": "1"}), Unusable.NOT_A_FORM, ""),
    (saved(content=7), Unusable.NOT_A_FORM, "content"),
    (saved(sha256=None), Unusable.NOT_A_FORM, "sha256"),
    (saved(INNER | {"profile": "xx"}), Unusable.OTHER_COUNTRY, "xx"),
    (saved(INNER | {"more": 1}), Unusable.NOT_A_FORM, "content"),
    (saved(INNER | {"answers": []}), Unusable.NOT_A_FORM, "answers"),
    (saved(INNER | {"answers": {"kind": "phishing"}}), Unusable.NOT_A_FORM, "answers.kind"),
    (saved(INNER | {"answers": {"kind": [1]}}), Unusable.NOT_A_FORM, "answers.kind"),
    (saved(INNER | {"answers": {str(n): [] for n in range(201)}}), Unusable.NOT_A_FORM, "answers"),
    (saved(INNER | {"reporter": {"passport": "1"}}), Unusable.NOT_A_FORM, "reporter"),
    (saved(INNER | {"reporter": {"name": ["x"]}}), Unusable.NOT_A_FORM, "reporter.name"),
    (saved(INNER | {"language": 1}), Unusable.NOT_A_FORM, "language"),
]


@pytest.mark.parametrize(("raw", "reason", "part"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_form_is_refused_with_its_part(raw: bytes, reason: Unusable, part: str):
    found = refusal(raw)
    assert found.reason is reason
    assert part in found.part


@settings(deadline=None)  # two cores are shared: how long it takes says nothing
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(raw: bytes):
    with pytest.raises(FileRefused):
        offline.read(raw, profile="pk")


@settings(deadline=None)  # two cores are shared: how long it takes says nothing
@given(st.recursive(st.none() | st.booleans() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
def test_no_content_breaks_the_reader(content: object):
    with pytest.raises(FileRefused):
        offline.read(saved(INNER | {"answers": {"kind": [content, 1]}}), profile="pk")
