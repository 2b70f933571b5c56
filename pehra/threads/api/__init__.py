"""The door of `threads`: what a team and another side said to each other, and what came back.

A reply finds its thread by the Message-IDs that it refers to; an answer comes by a letter's one-time link, without an
account; what came back or brought no answer goes to the next contact. Nothing here closes a matter by itself.
"""

from pehra.threads.api.answering import answer, answer_page
from pehra.threads.api.coming_in import take_bounce, take_reply
from pehra.threads.api.following import FollowSummary, follow_letters
from pehra.threads.api.turning import settle, write_reply
from pehra.threads.api.writing import preview_letter, write_letter
from pehra.threads.queries import (
    AnswerPage,
    AnswerView,
    Delivery,
    Found,
    ReplyView,
    ThreadPage,
    ThreadView,
    asking_for_help,
    deliveries,
    look_up,
    of_incident,
    thread,
    threads,
)
from pehra.threads.queries.files import files_named
from pehra.threads.rules.answers import Choice, Turn
from pehra.threads.rules.drafts import Preview, Previewed, Writing
from pehra.threads.rules.replies import ReplyFile

__all__ = [
    "AnswerPage",
    "AnswerView",
    "Choice",
    "Delivery",
    "FollowSummary",
    "Found",
    "Preview",
    "Previewed",
    "ReplyFile",
    "ReplyView",
    "ThreadPage",
    "ThreadView",
    "Turn",
    "Writing",
    "answer",
    "answer_page",
    "asking_for_help",
    "deliveries",
    "files_named",
    "follow_letters",
    "look_up",
    "of_incident",
    "preview_letter",
    "settle",
    "take_bounce",
    "take_reply",
    "thread",
    "threads",
    "write_letter",
    "write_reply",
]
