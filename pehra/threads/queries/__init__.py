"""Reading threads, through the wall."""

from pehra.threads.queries.answering import answer_page
from pehra.threads.queries.reading import (
    STATES,
    asking_for_help,
    deliveries,
    find,
    for_change,
    look_up,
    of_incident,
    reader,
    thread,
    thread_view,
    threads,
    visible,
)
from pehra.threads.queries.shapes import (
    Answerable,
    AnswerPage,
    AnswerView,
    Delivery,
    Event,
    Found,
    ReplyView,
    ThreadPage,
    ThreadView,
)

__all__ = [
    "STATES",
    "AnswerPage",
    "AnswerView",
    "Answerable",
    "Delivery",
    "Event",
    "Found",
    "ReplyView",
    "ThreadPage",
    "ThreadView",
    "answer_page",
    "asking_for_help",
    "deliveries",
    "find",
    "for_change",
    "look_up",
    "of_incident",
    "reader",
    "thread",
    "thread_view",
    "threads",
    "visible",
]
