"""The door of `threads`: what a team and another side said to each other, and what came back."""

from pehra.threads.api.coming_in import take_bounce, take_reply
from pehra.threads.rules.replies import ReplyFile

__all__ = ["ReplyFile", "take_bounce", "take_reply"]
