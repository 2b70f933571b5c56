"""Mail comes in: fetched from its mailbox, kept, sorted, handed to whoever it is for; and what people do with it."""

from pehra.intake.api.mail.choosing import make_findings, retry_mail, retry_sender, take_for_report
from pehra.intake.api.mail.feeding import FeedSummary, feed_from_mail
from pehra.intake.api.mail.fetching import FetchSummary, fetch_mail, take_in_mail
from pehra.intake.api.mail.sorting import SortSummary, sort_mail
from pehra.intake.queries.mail import (
    FeedView,
    MailboxView,
    MailCounts,
    MailFilter,
    MailPage,
    MailText,
    MailView,
    mail_counts,
    mail_text,
    mailboxes,
    mails,
    one_mail,
)
from pehra.intake.rules.mail.sorting import Sort as MailSort
from pehra.intake.rules.mail.states import MailState

__all__ = [
    "FeedSummary",
    "FeedView",
    "FetchSummary",
    "MailCounts",
    "MailFilter",
    "MailPage",
    "MailSort",
    "MailState",
    "MailText",
    "MailView",
    "MailboxView",
    "SortSummary",
    "feed_from_mail",
    "fetch_mail",
    "mail_counts",
    "mail_text",
    "mailboxes",
    "mails",
    "make_findings",
    "one_mail",
    "retry_mail",
    "retry_sender",
    "sort_mail",
    "take_for_report",
    "take_in_mail",
]
