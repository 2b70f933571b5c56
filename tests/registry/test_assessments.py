"""Assessments at the door: who answers, who reviews, what is kept, what is never lost, and who reads any of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction

from pehra.access import api as access
from pehra.access.rules.roles import PERMISSIONS, Role, ScopeKind
from pehra.access.rules.wall import Granted, Scope, permissions_of
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.registry import api
from pehra.registry.api import AssessmentState, Judged, Reply, Said, Verdict
from pehra.registry.models import Assessment, AssessmentAnswer, Evidence
from pehra.registry.rules import evidence as files
from pehra.registry.rules.assessing import Band, Due

PDF = b"%PDF-1.7\ntrailer << /Root 1 0 R >>\n%%EOF"


def _seat(number: int, role: Role, **scope: str) -> Actor:
    kind, code = next(iter(scope.items()))
    granted = [Granted(role=role, scope=Scope(kind=ScopeKind(kind), code=code))]
    return Actor(
        id=f"00000000-0000-7000-8000-0000000001{number:02d}",
        kind=ActorKind.PERSON,
        name=f"{role.value} of {code}",
        teams=frozenset({code} if kind == "team" else ()),
        organisations=frozenset({code} if kind == "organisation" else ()),
        permissions=permissions_of(granted),
    )


ADMIN = _seat(1, Role.ORGANISATION_ADMIN, organisation="gov-1")
CONTACT = _seat(2, Role.ORGANISATION_CONTACT, organisation="gov-1")
LEAD = _seat(3, Role.TEAM_LEAD, team="punjab-cert")
SECOND = _seat(4, Role.TEAM_LEAD, team="punjab-cert")
ANALYST = _seat(5, Role.ANALYST, team="punjab-cert")
EDITOR = _seat(6, Role.REGISTRY_EDITOR, team="punjab-cert")
NATIONAL = _seat(7, Role.TEAM_LEAD, team="pkcert")  # informed of every organisation, leads for few
TELECOM = _seat(8, Role.TEAM_LEAD, team="ntcert")
OTHER = _seat(9, Role.ORGANISATION_ADMIN, organisation="gov-2")
AUDITOR = _seat(10, Role.AUDITOR, team="punjab-cert")


@pytest.fixture
def opened(nation: None, at: datetime) -> UUID:
    """An assessment of the Department of Roads, which Punjab's team leads for."""
    return api.open_assessment("gov-1", by=ADMIN, at=at)


def said_all(assessment_id: UUID, reply: Reply = Reply.YES, **given: Reply) -> list[Said]:
    view = api.assessment(assessment_id, by=ADMIN)
    return [
        Said(
            control=row.control,
            reply=given.get(row.control.replace("-", "_"), reply),
            note="because it is so",
            reference="register 7, page 12",
        )
        for row in view.answers
    ]


@pytest.fixture
def submitted(opened: UUID, at: datetime) -> UUID:
    """The same, answered whole by its admin and handed in."""
    said = said_all(opened, leaver_same_day=Reply.NO, mfa_staff=Reply.PARTLY)
    assert api.answer_controls(assessment_id=opened, said=said, by=ADMIN, at=at) == ()
    api.submit_assessment(assessment_id=opened, by=ADMIN, at=at)
    return opened


def test_the_whole_way(submitted: UUID, at: datetime) -> None:
    view = api.assessment(submitted, by=LEAD)
    assert (view.state, view.gaps, view.band) == (AssessmentState.SUBMITTED, 1, Band.GAP)
    assert view.may_review
    assert not view.may_answer
    judged = [Judged(control="mfa-staff", verdict=Verdict.DISPUTED, note="the list names forty without")]
    api.judge_controls(assessment_id=submitted, judged=judged, by=LEAD, at=at)
    lower = api.assessment(submitted, by=LEAD)
    assert lower.percent < view.percent
    api.review_assessment(assessment_id=submitted, decision="agree", note="see you in a year", by=LEAD, at=at)
    done = api.assessment(submitted, by=CONTACT)
    assert (done.state, done.reviewed_by, done.review_note) == (AssessmentState.REVIEWED, LEAD.id, "see you in a year")
    assert done.percent == lower.percent
    assert {row.verdict for row in done.answers} == {Verdict.AGREED, Verdict.DISPUTED}
    standing = api.controls_standing("gov-1", by=CONTACT, at=at)
    assert standing.last is not None
    assert standing.last.percent == done.percent
    assert standing.due is Due.CURRENT
    assert standing.next_due == at.date() + timedelta(days=365)


def test_every_act_is_in_the_ledger_and_no_answer_is(submitted: UUID, at: datetime) -> None:
    api.review_assessment(assessment_id=submitted, decision="return", note="which list?", by=LEAD, at=at)
    entries = ledger.history(subject=f"assessment:{submitted}", by=LEAD)
    acts = [entry.event.removeprefix("registry.assessment.") for entry in entries]
    assert sorted(acts) == ["answered", "opened", "returned", "submitted"]
    # Who is informed of the organisation by law reads the acts, and others none.
    assert len(ledger.history(subject=f"assessment:{submitted}", by=NATIONAL)) == len(entries)
    assert ledger.history(subject=f"assessment:{submitted}", by=TELECOM) == []
    assert "register 7" not in repr(entries)
    digests = {entry.facts.get("answers_sha256") for entry in entries} - {None}
    assert len(digests) == 1


def test_what_was_submitted_can_be_told_from_what_was_changed_later(submitted: UUID, at: datetime) -> None:
    api.review_assessment(assessment_id=submitted, decision="return", note="which list?", by=LEAD, at=at)
    said = [Said(control="mfa-staff", reply=Reply.YES, note="all", reference="list of today")]
    api.answer_controls(assessment_id=submitted, said=said, by=ADMIN, at=at)
    api.submit_assessment(assessment_id=submitted, by=ADMIN, at=at)
    sent = [entry for entry in ledger.history(subject=f"assessment:{submitted}", by=LEAD) if "submitted" in entry.event]
    assert len({entry.facts["answers_sha256"] for entry in sent}) == 2


@pytest.mark.parametrize("who", [ADMIN, CONTACT, LEAD], ids=lambda who: who.name)
def test_who_may_answer(opened: UUID, at: datetime, who: Actor) -> None:
    said = [Said(control="mfa-staff", reply=Reply.NO)]
    assert api.answer_controls(assessment_id=opened, said=said, by=who, at=at) == ()
    assert api.assessment(opened, by=who).may_answer


@pytest.mark.parametrize(
    ("who", "refused"),
    [
        (ANALYST, Forbidden),
        (EDITOR, Forbidden),
        (AUDITOR, Forbidden),
        (NATIONAL, Forbidden),
        (TELECOM, NotVisible),
        (OTHER, NotVisible),
    ],
    ids=lambda value: getattr(value, "name", getattr(value, "__name__", "")),
)
def test_who_may_not(opened: UUID, at: datetime, who: Actor, refused: type[Exception]) -> None:
    answer = [Said(control="mfa-staff", reply=Reply.YES)]
    acts: list[Callable[[], object]] = [
        lambda: api.open_assessment("gov-1", by=who, at=at),
        lambda: api.answer_controls(assessment_id=opened, said=answer, by=who, at=at),
        lambda: api.add_evidence(assessment_id=opened, control="mfa-staff", name="a", content=PDF, by=who, at=at),
        lambda: api.submit_assessment(assessment_id=opened, by=who, at=at),
    ]
    for act in acts:
        with pytest.raises(refused):
            act()
    assert api.assessment(opened, by=ADMIN).answered == 0


@pytest.mark.parametrize("who", [NATIONAL, ANALYST, EDITOR, AUDITOR, ADMIN, CONTACT], ids=lambda who: who.name)
def test_only_the_leading_team_reviews(submitted: UUID, at: datetime, who: Actor) -> None:
    for act in (
        lambda: api.judge_controls(assessment_id=submitted, judged=[], by=who, at=at),
        lambda: api.review_assessment(assessment_id=submitted, decision="agree", by=who, at=at),
    ):
        with pytest.raises(Forbidden):
            act()
    assert not api.assessment(submitted, by=who).may_review


def test_whoever_had_a_hand_in_it_never_reviews(opened: UUID, at: datetime) -> None:
    # The lead fills in one answer on the phone: then the other lead reviews.
    one, *rest = said_all(opened)
    api.answer_controls(assessment_id=opened, said=[one], by=LEAD, at=at)
    api.answer_controls(assessment_id=opened, said=rest, by=ADMIN, at=at)
    api.submit_assessment(assessment_id=opened, by=ADMIN, at=at)
    with pytest.raises(Forbidden, match="hand in"):
        api.review_assessment(assessment_id=opened, decision="agree", by=LEAD, at=at)
    # A lead who also sits in the organisation is no reviewer of it.
    both = replace(SECOND, organisations=frozenset({"gov-1"}))
    with pytest.raises(Forbidden, match="hand in"):
        api.review_assessment(assessment_id=opened, decision="agree", by=both, at=at)
    api.review_assessment(assessment_id=opened, decision="agree", by=SECOND, at=at)


def test_who_put_a_file_never_reviews(submitted: UUID, at: datetime) -> None:
    api.review_assessment(assessment_id=submitted, decision="return", note="show it", by=LEAD, at=at)
    api.add_evidence(assessment_id=submitted, control="mfa-staff", name="a.pdf", content=PDF, by=SECOND, at=at)
    api.submit_assessment(assessment_id=submitted, by=ADMIN, at=at)
    with pytest.raises(Forbidden):
        api.review_assessment(assessment_id=submitted, decision="agree", by=SECOND, at=at)
    api.review_assessment(assessment_id=submitted, decision="agree", by=LEAD, at=at)


def test_a_draft_is_the_organisations_own(opened: UUID, at: datetime) -> None:
    said = [Said(control="leaver-same-day", reply=Reply.NO, note="our weak side")]
    api.answer_controls(assessment_id=opened, said=said, by=ADMIN, at=at)
    for who in (ANALYST, NATIONAL, EDITOR, AUDITOR):
        view = api.assessment(opened, by=who)
        assert view.withheld
        assert (view.answers, view.gaps, view.percent, view.missing) == ((), 0, None, ())
        (row,) = api.controls_standing("gov-1", by=who, at=at).assessments
        assert (row.gaps, row.percent, row.answered) == (0, None, 1)
    assert api.assessment(opened, by=CONTACT).gaps == 1


def test_others_do_not_see_that_there_is_one(submitted: UUID, at: datetime) -> None:
    for who in (TELECOM, OTHER):
        with pytest.raises(NotVisible):
            api.assessment(submitted, by=who)
        with pytest.raises(NotVisible):
            api.controls_standing("gov-1", by=who, at=at)
        page = api.assessed_organisations(by=who, at=at, view="all")
        assert "gov-1" not in {row.organisation for row in page.rows}


def test_what_is_for_their_eyes_only_stays_with_the_lead(submitted: UUID, at: datetime) -> None:
    Assessment.objects.filter(id=submitted).update(tlp="TLP:RED")
    assert api.assessment(submitted, by=LEAD).tlp == "TLP:RED"
    assert api.assessment(submitted, by=CONTACT).answers
    with pytest.raises(NotVisible):
        api.assessment(submitted, by=NATIONAL)
    assert api.controls_standing("gov-1", by=NATIONAL, at=at).assessments == ()
    api.review_assessment(assessment_id=submitted, decision="agree", by=LEAD, at=at)
    subject = f"assessment:{submitted}"
    lead, informed = ({one.event for one in ledger.history(subject=subject, by=who)} for who in (LEAD, NATIONAL))
    assert lead - informed == {"registry.assessment.reviewed"}


def test_nothing_incomplete_is_submitted_and_nothing_typed_is_lost(opened: UUID, at: datetime) -> None:
    half = [Said(control="mfa-staff", reply=Reply.NOT_APPLICABLE), Said(control="mfa-internet", reply=Reply.YES)]
    api.answer_controls(assessment_id=opened, said=half, by=ADMIN, at=at)
    with pytest.raises(Invalid, match="not complete"):
        api.submit_assessment(assessment_id=opened, by=ADMIN, at=at)
    said = dict(api.assessment(opened, by=ADMIN).missing)
    assert (said["mfa-staff"].value, said["mfa-internet"].value, said["log-kept"].value) == (
        "reason",
        "evidence",
        "reply",
    )
    assert api.assessment(opened, by=ADMIN).answered == 2


def test_two_who_write_at_once_lose_nothing(opened: UUID, at: datetime) -> None:
    seen = {row.control: row.version for row in api.assessment(opened, by=ADMIN).answers}
    first = [Said(control="log-kept", reply=Reply.YES, note="a year", seen=seen["log-kept"])]
    assert api.answer_controls(assessment_id=opened, said=first, by=ADMIN, at=at) == ()
    both = [
        Said(control="log-kept", reply=Reply.NO, note="a week", seen=seen["log-kept"]),
        Said(control="log-watched", reply=Reply.PARTLY, note="by day", seen=seen["log-watched"]),
    ]
    assert api.answer_controls(assessment_id=opened, said=both, by=CONTACT, at=at) == ("log-kept",)
    kept = {row.control: row for row in api.assessment(opened, by=ADMIN).answers}
    assert (kept["log-kept"].reply, kept["log-kept"].note) == (Reply.YES, "a year")
    assert kept["log-watched"].answered_by == CONTACT.id
    # The same again is no conflict.
    assert api.answer_controls(assessment_id=opened, said=first, by=ADMIN, at=at) == ()


def test_one_unfinished_at_a_time(opened: UUID, at: datetime) -> None:
    with pytest.raises(Invalid, match="not finished"):
        api.open_assessment("gov-1", by=LEAD, at=at)


def test_after_it_was_submitted_nobody_writes(submitted: UUID, at: datetime) -> None:
    for act in (
        lambda: api.answer_controls(assessment_id=submitted, said=[], by=ADMIN, at=at),
        lambda: api.add_evidence(assessment_id=submitted, control="log-kept", name="a", content=PDF, by=ADMIN, at=at),
        lambda: api.submit_assessment(assessment_id=submitted, by=ADMIN, at=at),
    ):
        with pytest.raises(Invalid):
            act()
    api.review_assessment(assessment_id=submitted, decision="agree", by=LEAD, at=at)
    for decision in ("agree", "return"):
        with pytest.raises(Invalid):
            api.review_assessment(assessment_id=submitted, decision=decision, note="x", by=LEAD, at=at)


def test_what_was_given_back_is_answered_anew(submitted: UUID, at: datetime) -> None:
    judged = [Judged(control="log-kept", verdict=Verdict.DISPUTED, note="show the oldest line")]
    api.judge_controls(assessment_id=submitted, judged=judged, by=LEAD, at=at)
    with pytest.raises(Invalid, match="asked to change"):
        api.review_assessment(assessment_id=submitted, decision="return", note=" ", by=LEAD, at=at)
    api.review_assessment(assessment_id=submitted, decision="return", note="one thing", by=LEAD, at=at)
    returned = {row.control: row for row in api.assessment(submitted, by=ADMIN).answers}
    assert returned["log-kept"].verdict_note == "show the oldest line"
    said = [Said(control="log-kept", reply=Reply.PARTLY, note="half a year")]
    api.answer_controls(assessment_id=submitted, said=said, by=ADMIN, at=at)
    changed = {row.control: row for row in api.assessment(submitted, by=ADMIN).answers}
    assert changed["log-kept"].verdict is None


def test_a_dispute_says_why(submitted: UUID, at: datetime) -> None:
    judged = [Judged(control="log-kept", verdict=Verdict.DISPUTED)]
    with pytest.raises(Invalid) as refused:
        api.judge_controls(assessment_id=submitted, judged=judged, by=LEAD, at=at)
    assert refused.value.field == "log-kept"


def test_evidence_is_kept_given_and_taken_away(opened: UUID, at: datetime) -> None:
    where = {"assessment_id": opened, "control": "log-kept"}
    made = api.add_evidence(**where, name="../../proof.pdf", content=PDF, by=ADMIN, at=at)
    seen, content = api.evidence_content(assessment_id=opened, evidence_id=made, by=CONTACT)
    assert (seen.name, seen.media_type, content) == ("proof.pdf", "application/pdf", PDF)
    with pytest.raises(NotVisible):
        api.evidence_content(assessment_id=opened, evidence_id=made, by=ANALYST)  # it is a draft's
    with pytest.raises(Invalid, match="there already"):
        api.add_evidence(**where, name="again.pdf", content=PDF, by=ADMIN, at=at)
    api.remove_evidence(assessment_id=opened, evidence_id=made, by=ADMIN, at=at)
    with pytest.raises(NotVisible):
        api.evidence_content(assessment_id=opened, evidence_id=made, by=ADMIN)
    row = Evidence.objects.get(id=made)
    assert (bytes(row.content), row.sha256) == (b"", seen.sha256)
    acts = [entry.event for entry in ledger.history(subject=f"assessment:{opened}", by=LEAD)]
    assert {"registry.assessment.evidence.added", "registry.assessment.evidence.removed"} <= set(acts)


def test_evidence_has_limits(opened: UUID, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(control: str, content: bytes) -> None:
        api.add_evidence(assessment_id=opened, control=control, name="a.txt", content=content, by=ADMIN, at=at)

    for number in range(files.FILES_AN_ANSWER_MAX):
        put("log-kept", b"line %d" % number)
    with pytest.raises(Invalid, match="at most 5 files"):
        put("log-kept", b"one more")
    monkeypatch.setattr(files, "FILES_BYTES_MAX", 60)
    with pytest.raises(Invalid, match="together"):
        put("log-watched", b"x" * 40)
    with pytest.raises(Invalid, match="only PDF"):
        put("log-watched", b"<script>")
    with pytest.raises(NotVisible):
        put("of-another-set", b"text")


def test_a_file_of_another_assessment_is_not_there(submitted: UUID, at: datetime) -> None:
    made = api.open_assessment("gov-2", by=LEAD, at=at)
    file = api.add_evidence(assessment_id=made, control="log-kept", name="a", content=PDF, by=OTHER, at=at)
    with pytest.raises(NotVisible):
        api.evidence_content(assessment_id=submitted, evidence_id=file, by=LEAD)
    with pytest.raises(NotVisible):
        api.assessment(made, organisation="gov-1", by=LEAD)


def test_the_trend_and_the_teams_list(nation: None, at: datetime) -> None:
    year = timedelta(days=365)
    for ago, reply in ((2.5, Reply.NO), (1.4, Reply.PARTLY), (0.2, Reply.YES)):
        then = at - ago * year
        made = api.open_assessment("gov-1", by=ADMIN, at=then)
        api.answer_controls(assessment_id=made, said=said_all(made, reply), by=ADMIN, at=then)
        api.submit_assessment(assessment_id=made, by=ADMIN, at=then)
        api.review_assessment(assessment_id=made, decision="agree", by=LEAD, at=then + timedelta(days=9))
    other = api.open_assessment("gov-2", by=OTHER, at=at - 2 * year)
    api.answer_controls(assessment_id=other, said=said_all_of(other, OTHER), by=OTHER, at=at)
    api.submit_assessment(assessment_id=other, by=OTHER, at=at - timedelta(days=40))
    standing = api.controls_standing("gov-1", by=LEAD, at=at)
    assert [point.percent for point in standing.trend.points] == [0, 50, 100]
    assert standing.trend.change == 50
    page = api.assessed_organisations(by=LEAD, at=at, view="all")
    rows = {row.organisation: row for row in page.rows}
    assert set(rows) == {"gov-1", "gov-2"}
    assert (rows["gov-1"].due, rows["gov-2"].due) == (Due.CURRENT, Due.NEVER)
    assert rows["gov-2"].review_late
    assert page.counts == {"waiting": 1, "lowest": 1, "overdue": 1, "never": 1, "all": 2}
    later = api.assessed_organisations(by=LEAD, at=at + year, view="overdue")
    assert {row.organisation for row in later.rows} == {"gov-1", "gov-2"}
    # The national team is informed of both and leads for neither.
    assert api.assessed_organisations(by=NATIONAL, at=at, view="waiting").rows == ()
    before = {row.before for row in api.assessment(standing.assessments[0].id, by=LEAD).answers}
    assert before == {Reply.PARTLY}


def said_all_of(assessment_id: UUID, who: Actor) -> list[Said]:
    rows = api.assessment(assessment_id, by=who).answers
    return [Said(control=row.control, reply=Reply.PARTLY, note="so", reference="there") for row in rows]


def test_the_lowest_stand_first_and_a_gap_before_any_number(nation: None, at: datetime) -> None:
    for code, who, given in (
        ("gov-1", ADMIN, {"leaver_same_day": Reply.NO}),
        ("gov-2", OTHER, None),
    ):
        made = api.open_assessment(code, by=who, at=at)
        rows = api.assessment(made, by=who).answers
        said = [
            Said(
                control=row.control,
                reply=Reply.PARTLY if given is None else given.get(row.control.replace("-", "_"), Reply.YES),
                note="so",
                reference="there",
            )
            for row in rows
        ]
        api.answer_controls(assessment_id=made, said=said, by=who, at=at)
        api.submit_assessment(assessment_id=made, by=who, at=at)
        api.review_assessment(assessment_id=made, decision="agree", by=LEAD, at=at)
    page = api.assessed_organisations(by=LEAD, at=at, view="lowest")
    assert [row.organisation for row in page.rows] == ["gov-1", "gov-2"]
    assert page.rows[0].last is not None
    assert page.rows[1].last is not None
    assert page.rows[0].last.percent > page.rows[1].last.percent
    with pytest.raises(Invalid):
        api.assessed_organisations(by=LEAD, at=at, view="best")


def test_a_control_that_is_not_put_to_an_organisation_is_not_asked(
    nation: None, at: datetime, take_in: Callable[..., object]
) -> None:
    take_in("organisations", "organisation,name,sector,territory,classes\nsmall-1,Small,telecom,sindh,private\n")
    made = api.open_assessment("small-1", by=TELECOM, at=at)
    asked = {row.control for row in api.assessment(made, by=TELECOM).answers}
    assert "privileged-emergency" not in asked
    assert "leaver-same-day" in asked


def test_a_profile_without_controls_is_said_plainly(nation: None, at: datetime) -> None:
    long_ago = at.replace(year=2010)
    with pytest.raises(Invalid, match="no control set"):
        api.open_assessment("gov-1", by=ADMIN, at=long_ago)
    assert api.assessed_organisations(by=LEAD, at=long_ago).rows == ()
    assert api.controls_standing("gov-1", by=LEAD, at=long_ago).may_open is False


def test_contact_and_admin_hold_what_they_need() -> None:
    held = {permission.value for permission in PERMISSIONS[Role.ORGANISATION_CONTACT]}
    assert {"registry.assessment-read", "registry.assessment-answer"} <= held
    assert "registry.assessment-review" not in held


@pytest.mark.parametrize(
    ("who", "sees"),
    [(ADMIN, True), (LEAD, True), (NATIONAL, True), (TELECOM, False), (OTHER, False)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_database_itself_shows_others_nothing(submitted: UUID, at: datetime, who: Actor, sees: bool) -> None:
    api.review_assessment(assessment_id=submitted, decision="return", note="show it", by=LEAD, at=at)
    api.add_evidence(assessment_id=submitted, control="log-kept", name="a", content=PDF, by=ADMIN, at=at)
    with transaction.atomic(), access.bound(actor=who):
        # No filter at all, as if every list had forgotten it.
        counts = [kind.objects.count() for kind in (Assessment, AssessmentAnswer, Evidence)]
        changed = Assessment.objects.filter(id=submitted).update(gaps=0)
    assert all(counts) is sees
    assert any(counts) is sees
    assert bool(changed) is sees


@pytest.mark.parametrize("table", ["registry_assessment", "registry_assessmentanswer", "registry_evidence"])
def test_nobody_deletes_what_was_said(table: str, db: None) -> None:
    with connection.cursor() as cursor:
        for role in ("pehra_web", "pehra_system"):
            cursor.execute("SELECT has_table_privilege(%s, %s, 'DELETE')", [role, table])
            assert cursor.fetchone() == (False,)
        cursor.execute("SELECT relrowsecurity FROM pg_class WHERE relname = %s", [table])
        assert cursor.fetchone() == (True,)
