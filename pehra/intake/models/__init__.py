"""Tables of intake, a file a subject."""

from pehra.intake.models.drafts import OpenDraft, OrganisationDraft, OrganisationDraftQuerySet
from pehra.intake.models.mail import Mail, MailboxStand, MailboxStandQuerySet, MailFeed, MailQuerySet
from pehra.intake.models.reports import Report, ReportFile, ReportObservable, ReportQuerySet, Submission, TeamTold
from pehra.intake.models.triage import TriageAct, TriageActQuerySet, TriageChange
from pehra.intake.models.webhooks import Webhook, WebhookQuerySet

__all__ = [
    "Mail",
    "MailFeed",
    "MailQuerySet",
    "MailboxStand",
    "MailboxStandQuerySet",
    "OpenDraft",
    "OrganisationDraft",
    "OrganisationDraftQuerySet",
    "Report",
    "ReportFile",
    "ReportObservable",
    "ReportQuerySet",
    "Submission",
    "TeamTold",
    "TriageAct",
    "TriageActQuerySet",
    "TriageChange",
    "Webhook",
    "WebhookQuerySet",
]
