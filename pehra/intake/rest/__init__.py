"""Intake for programs, one file a subject."""

from pehra.intake.rest import documents, reports, triage, webhooks
from pehra.intake.rest.router import router

__all__ = ["documents", "reports", "router", "triage", "webhooks"]
