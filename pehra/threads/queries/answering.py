"""What the holder of a one-time link is shown. Nothing here is found by who asks: only by the letter that they hold."""

from datetime import datetime

from pehra.threads.models import Answer
from pehra.threads.queries.shapes import Answerable, AnswerPage, AnswerView
from pehra.threads.rules.answers import Choice


def answer_page(message: Answerable, *, at: datetime) -> AnswerPage:
    """Return what is shown of a letter to who holds its link."""
    view = message.view
    answers = Answer.objects.filter(letter__message=view.id).order_by("position")
    return AnswerPage(
        about=view.about,
        subject=view.subject,
        sent_at=view.queued_at,
        languages=tuple(code.strip() for code in view.language.split(",") if code.strip()),
        until=message.until,
        is_open=message.may_be_answered(at),
        answers=tuple(answer_view(row) for row in answers),
    )


def answer_view(row: Answer) -> AnswerView:
    """Return an answer's row as shown."""
    return AnswerView(choice=Choice(row.choice), note=row.note, at=row.at, position=row.position, effects=row.effects)
