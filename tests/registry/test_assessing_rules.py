"""What answers come to: properties of the score and the trend, and the files that are taken."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.kernel.refusals import Invalid
from pehra.registry.rules import assessing, evidence
from pehra.registry.rules.assessing import Answered, AssessmentState, Band, Due, Missing, Point, Reply, Verdict

ORDER = (None, Reply.NO, Reply.PARTLY, Reply.YES)


@st.composite
def answers(draw, **fixed):
    """Some answered controls."""
    size = draw(st.integers(1, 30))
    return [
        Answered(
            control=f"c{number}",
            weight=draw(st.integers(1, 10)),
            critical=draw(st.booleans()),
            reply=draw(st.sampled_from([None, *Reply])),
            verdict=draw(st.sampled_from([None, *Verdict])),
            reason=draw(st.sampled_from(["", "because"])),
            shown=draw(st.booleans()),
            **fixed,
        )
        for number in range(size)
    ]


@given(answers())
def test_a_score_is_a_share(rows):
    found = assessing.score(rows)
    assert found.percent is None or 0 <= found.percent <= 100
    assert (found.percent is None) == all(row.counted_as is Reply.NOT_APPLICABLE for row in rows)
    assert found.total == len(rows)


@given(answers())
def test_a_hundred_means_all_of_it(rows):
    counted = [row.counted_as for row in rows if row.counted_as is not Reply.NOT_APPLICABLE]
    assert (assessing.score(rows).percent == 100) == (bool(counted) and set(counted) == {Reply.YES})


@given(answers())
def test_a_critical_no_is_never_hidden(rows):
    found = assessing.score(rows)
    no = {row.control for row in rows if row.critical and row.counted_as is Reply.NO}
    assert set(found.gaps) == no
    assert (found.band is Band.GAP) == bool(no)


@given(answers(), st.data())
def test_a_better_answer_never_lowers(rows, data):
    index = data.draw(st.integers(0, len(rows) - 1))
    lower, higher = sorted(data.draw(st.lists(st.sampled_from(range(len(ORDER))), min_size=2, max_size=2)))
    plain = [replace(row, verdict=None) for row in rows]
    worse = [*plain[:index], replace(plain[index], reply=ORDER[lower]), *plain[index + 1 :]]
    better = [*plain[:index], replace(plain[index], reply=ORDER[higher]), *plain[index + 1 :]]
    assert assessing.score(worse).percent <= assessing.score(better).percent
    assert len(assessing.score(worse).gaps) >= len(assessing.score(better).gaps) or ORDER[lower] is None


@given(answers(), st.data())
def test_what_does_not_apply_is_as_if_it_were_not_asked(rows, data):
    index = data.draw(st.integers(0, len(rows) - 1))
    excused = replace(rows[index], reply=Reply.NOT_APPLICABLE, verdict=None)
    with_it = assessing.score([*rows[:index], excused, *rows[index + 1 :]])
    without = assessing.score([*rows[:index], *rows[index + 1 :]])
    assert (with_it.achieved, with_it.possible, with_it.gaps) == (without.achieved, without.possible, without.gaps)
    assert (excused.control in with_it.excused) == excused.critical


@given(answers(), st.data())
def test_a_dispute_never_raises(rows, data):
    index = data.draw(st.integers(0, len(rows) - 1))
    agreed = [*rows[:index], replace(rows[index], verdict=Verdict.AGREED), *rows[index + 1 :]]
    disputed = [*rows[:index], replace(rows[index], verdict=Verdict.DISPUTED), *rows[index + 1 :]]
    before, after = assessing.score(agreed), assessing.score(disputed)
    assert after.percent is not None
    assert before.percent is None or after.percent <= before.percent
    assert set(after.gaps) >= set(before.gaps)


@given(answers())
def test_the_order_of_answers_does_not_matter(rows):
    one, other = assessing.score(rows), assessing.score(list(reversed(rows)))
    assert (one.percent, set(one.gaps), one.answered) == (other.percent, set(other.gaps), other.answered)


def test_a_number_is_never_rounded_up():
    rows = [Answered(control=str(n), weight=10, critical=False, reply=Reply.YES) for n in range(29)]
    rows.append(Answered(control="last", weight=1, critical=False, reply=Reply.PARTLY))
    assert assessing.score(rows).percent == 99


@given(answers())
def test_what_can_be_submitted_lacks_nothing(rows):
    lacking = assessing.missing(rows)
    assert len({control for control, _what in lacking}) == len(lacking)
    for row in rows:
        said = dict(lacking).get(row.control)
        match row.reply:
            case None:
                assert said is Missing.REPLY
            case Reply.NOT_APPLICABLE:
                assert (said is Missing.REASON) == (not row.reason)
            case Reply.YES if row.critical:
                assert (said is Missing.EVIDENCE) == (not row.shown)
            case _:
                assert said is None


POINTS = st.lists(
    st.builds(
        Point,
        day=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        percent=st.one_of(st.none(), st.integers(0, 100)),
        gaps=st.integers(0, 8),
    ),
    max_size=12,
)


@given(POINTS)
def test_a_trend_stands_in_time_and_names_the_last_change(points):
    found = assessing.trend(points)
    days = [point.day for point in found.points]
    assert days == sorted(days)
    assert sorted(points, key=repr) == sorted(found.points, key=repr)
    if len(points) < 2:
        assert found.change is None
        assert found.gaps_change is None
    elif None not in (found.points[-1].percent, found.points[-2].percent):
        assert found.points[-2].percent + found.change == found.points[-1].percent


@given(st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2030, 1, 1))), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_who_is_due(reviewed, today):
    due = assessing.next_due(reviewed, every=timedelta(days=365))
    said = assessing.due_state(due, today=today)
    assert (said is Due.NEVER) == (reviewed is None)
    if due:
        assert (said is Due.OVERDUE) == (today > due)
        assert (said is Due.CURRENT) == (due - today > timedelta(days=30))


@pytest.mark.parametrize("current", list(AssessmentState))
@pytest.mark.parametrize("to", list(AssessmentState))
def test_only_the_moves_of_the_table(current, to):
    if to in assessing.MOVES[current]:
        assessing.require_move(current, to)
    else:
        with pytest.raises(Invalid):
            assessing.require_move(current, to)


PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 20 + b"\xff\xd9"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"who,when\r\nA,2026-11-24\r\n", "text/plain"),
        ("رسائی کی فہرست".encode(), "text/plain"),
    ],
)
def test_what_is_taken_is_told_by_its_bytes(content, media_type):
    assert evidence.check("whatever.exe", content).media_type == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00 a program",
        b"PK\x03\x04 an archive or an office document",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old office document",
        b"<html><script>alert(1)</script>",
        b"\xef\xbb\xbf  \n<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
        b"GIF89a",
        b"junk before %PDF-1.7",
        PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>"),
        PDF.replace(b"/Catalog", b"/Catalog /AA << /S /J#61vaScript >>"),
        PDF.replace(b"/Catalog", b"/Catalog /Names << /EmbeddedFile 2 0 R >>"),
        PDF.replace(b"/Catalog", b"/Catalog /S /Launch"),
        PNG[:8] + b"not a picture at all",
        JPEG[:-2] + b"<script>alert(1)</script>",
        b"text with a NUL \x00 in it",
        "text that is \u202egnp.exe".encode(),
        b"\xff\xfe\x00\xd8 no text in any encoding that is taken",
        b"A" * (evidence.FILE_BYTES_MAX + 1),
    ],
    ids=range(19),
)
def test_what_could_carry_a_program_is_refused(content):
    with pytest.raises(Invalid) as refused:
        evidence.check("proof.pdf", content)
    assert refused.value.field == "evidence"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\list.pdf", "list.pdf"),
        ('a"; filename="b.exe', "a_; filename=_b.exe"),
        ("a\r\nSet-Cookie: b", "a__Set-Cookie_ b"),
        ("<img src=x>.png", "_img src=x_.png"),
        ("...", "evidence"),
        ("", "evidence"),
        ("فہرست.pdf", "فہرست.pdf"),
        ("\u202egnp.exe", "_gnp.exe"),
    ],
)
def test_a_name_is_made_harmless(name, kept):
    assert evidence.plain_name(name) == kept


@given(st.text(max_size=400))
def test_any_name_can_be_kept(name):
    kept = evidence.plain_name(name)
    assert 0 < len(kept) <= evidence.NAME_CHARACTERS_MAX
    assert kept.isprintable()
    assert not set(kept) & set('<>:"|?*/\\')


@given(st.binary(max_size=400))
def test_any_bytes_are_answered(content):
    found = evidence.sniffed(content)
    assert found in (None, "application/pdf", "image/png", "image/jpeg", "text/plain")


@pytest.mark.parametrize(
    ("name", "media_type", "given"),
    [
        ("list.pdf", "application/pdf", "list.pdf"),
        ("list.exe", "text/plain", "list.exe.txt"),
        ("list.CSV", "text/plain", "list.CSV"),
        ("page.html", "image/png", "page.html.png"),
    ],
)
def test_a_file_is_given_out_under_what_it_is(name, media_type, given):
    assert evidence.given_name(name, media_type) == given
