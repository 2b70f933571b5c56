"""What an organisation hands in as a stage meets that stage's clock, with the moment at which it was handed in.

The clock is part of an incident that a team leads, and the organisation may not change that incident: Pehra records
what it received, and the ledger says so. A stage handed in before its incident was opened is met when it opens.
"""

from collections.abc import Mapping
from datetime import datetime

from pehra.access import api as access
from pehra.incidents import api as incidents
from pehra.intake.models import Report
from pehra.intake.rules.channels import Channel
from pehra.kernel.actors import system

AS_STAGES = "handed-in-as"
_PEHRA = system("intake")


def meet(*, incident: str, organisation: str, handed_in: Mapping[str, datetime], at: datetime) -> None:
    """Meet an organisation's clocks of an incident; `handed_in` says when which stage (`duty/stage`) came."""
    if not incident or not handed_in:
        return
    with access.elevated(part="intake.stage-sent"):
        for clock in incidents.incident(incident, by=_PEHRA).incident.clocks:
            moment = handed_in.get(f"{clock.duty}/{clock.stage}")
            if moment is None or not clock.is_owed or clock.organisation not in ("", organisation):
                continue
            incidents.record_stage_sent(
                ref=incident,
                duty=clock.duty,
                stage=clock.stage,
                organisation=clock.organisation,
                moment=moment,
                by=_PEHRA,
                at=at,
            )


def meet_of(report: Report, *, incident: str, at: datetime) -> None:
    """Meet the clocks of what a report was handed in as, before its incident was opened."""
    meet(incident=incident, organisation=report.reporter_organisation, handed_in=handed_in_of(report), at=at)


def handed_in_of(report: Report) -> dict[str, datetime]:
    """Return as which stages a report was handed in, and when each came.

    By the organisation's form alone, which looks whether a stage is whole: a program may send an answer of any name.
    """
    when: dict[str, datetime] = {}
    if report.answers.get(AS_STAGES):
        for row in report.submissions.filter(channel=Channel.ORGANISATION).order_by("number"):
            for name in _stages_of(row.said):
                when.setdefault(name, row.received_at)
    return when


def _stages_of(said: Mapping[str, object]) -> list[str]:
    answers = said.get("answers")
    text = answers.get(AS_STAGES, "") if isinstance(answers, dict) else ""
    return [name for name in str(text).split(",") if name]
