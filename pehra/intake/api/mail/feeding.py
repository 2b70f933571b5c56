"""What came by mail goes on to the machine road: a feed's file, or lines made of an abuse report.

The road lies above this part, so that the settings name it. It takes each input once by its bytes: killed between its
commit and our mark, the same file is handed over again and changes nothing. One file at a time, and each may fail
alone.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from pehra.intake.models import MailFeed
from pehra.intake.rules.mail.states import FeedState
from pehra.kernel.actors import Actor
from pehra.kernel.clock import Clock
from pehra.kernel.refusals import Fault, Forbidden, Refusal
from pehra.vault import api as vault

LEASE = timedelta(minutes=30)
ATTEMPTS_MAX = 3
ROUND_MAX = 100
COUNTS = (
    "rows_read",
    "rows_stored",
    "rows_duplicate",
    "rows_rejected",
    "attributed",
    "findings_new",
    "findings_seen_again",
    "incidents_opened",
    "notices_queued",
)


@dataclass(kw_only=True)
class FeedSummary:
    """What one round came to."""

    done: int = 0
    failed: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def feed_from_mail(
    *, by: Actor, clock: Clock, ending: Callable[[], bool] = lambda: False, limit: int = ROUND_MAX
) -> FeedSummary:
    """Hand what waits over to the machine road."""
    if not by.is_system:
        raise Forbidden("feeds are handed over by Pehra itself")
    summary = FeedSummary()
    while summary.done + summary.failed < limit and not ending():
        feed = _claim(clock=clock)
        if feed is None:
            break
        outcome, problem = _handed_over(feed, by=by, clock=clock)
        _mark(feed, outcome, problem)
        summary.done += not problem
        summary.failed += bool(problem)
        for name, number in outcome.items():
            summary.counts[name] = summary.counts.get(name, 0) + number
    return summary


def _claim(*, clock: Clock) -> MailFeed | None:
    at = clock.now()
    with transaction.atomic(durable=True):
        waiting = MailFeed.objects.filter(state=FeedState.WAITING, due_at__lte=at).order_by("due_at", "id")
        feed = waiting.select_for_update(skip_locked=True).first()
        if feed is not None:
            feed.attempts += 1
            feed.due_at = at + LEASE
            feed.save(update_fields=["attempts", "due_at"])
        return feed


def _handed_over(feed: MailFeed, *, by: Actor, clock: Clock) -> tuple[dict[str, int], str]:
    """Give a file to the road under the name it came by; return what the road counted, and what it refused."""
    if feed.attempts > ATTEMPTS_MAX:
        return {}, "it was begun three times and never finished"
    ingest = import_string(settings.PEHRA_FEEDS_GO_ON_TO)
    try:
        with tempfile.TemporaryDirectory(prefix="pehra-mail-") as folder:
            path = Path(folder) / feed.name
            path.write_bytes(vault.read(feed.sha256))
            said: Any = ingest([path], source=feed.source, format=None, by=by, at=clock.now())
    except (Refusal, Fault, OSError) as error:
        return {}, str(error)
    problems = [failure.message for failure in said.failures]
    return {name: int(getattr(said, name)) for name in COUNTS}, "; ".join(problems)


def _mark(feed: MailFeed, outcome: dict[str, int], problem: str) -> None:
    state = FeedState.FAILED if problem else FeedState.DONE
    mine = MailFeed.objects.filter(id=feed.id, state=FeedState.WAITING, attempts=feed.attempts)
    mine.update(state=state, due_at=None, outcome=outcome, problem=problem[:2_000])
