"""The sample's assessments: the same each time, over two years, with each state a page must show."""

from datetime import timedelta

from pehra.drill import api
from pehra.drill.rules import controls
from pehra.law import api as law
from pehra.registry import api as registry


def test_a_story_is_the_same_each_time_and_never_turns_back():
    said = [
        controls.reply(code, organisation="org-1", critical=False, of=turn)
        for turn in controls.BETTER.rounds
        for code in ("log-kept", "mfa-staff", "access-review")
    ]
    again = [
        controls.reply(code, organisation="org-1", critical=False, of=turn)
        for turn in controls.BETTER.rounds
        for code in ("log-kept", "mfa-staff", "access-review")
    ]
    assert said == again
    order = ("no", "partly", "yes")
    for code in ("log-kept", "mfa-staff", "access-review", "email-domain", "service-list"):
        replies = [controls.reply(code, organisation="a", critical=False, of=turn) for turn in controls.BETTER.rounds]
        assert replies == sorted(replies, key=order.index)


def test_the_stories_name_controls_that_the_profile_has():
    profile = law.load("pk")
    known = {control.code for control in profile.controls if control.critical}
    assert {code for story in controls.STORIES for turn in story.rounds for code in turn.missing} <= known
    ends = {turn.ends for story in controls.STORIES for turn in story.rounds}
    assert ends == {"reviewed", "submitted", "draft", "returned"}
    assert max(turn.ago for story in controls.STORIES for turn in story.rounds) < timedelta(days=731)


def test_the_sample_has_a_trend_and_something_in_every_view(db, machine, at):
    registry.load_profile(by=machine, at=at)
    laid = api.lay_out_sample(seed=1, by=machine, at=at)
    page = registry.assessed_organisations(by=machine, at=at, view="all", limit=1)
    assert page.counts["lowest"] == 4
    assert page.counts["waiting"] == 1
    assert page.counts["overdue"] >= 2
    (admin,) = [one.member for one in laid.people if one.member.role == "organisation-admin"]
    standing = registry.controls_standing(admin.organisation, by=machine, at=at)
    percents = [point.percent for point in standing.trend.points]
    assert len(percents) == 4
    assert percents == sorted(percents)
    assert [point.gaps for point in standing.trend.points] == [2, 1, 0, 0]
    assert standing.unfinished is not None
    assert standing.unfinished.state is registry.AssessmentState.DRAFT
