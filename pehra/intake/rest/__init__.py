"""Intake for programs, one file a subject."""

from pehra.intake.rest import reports, triage, webhooks
from pehra.intake.rest.router import router

__all__ = ["reports", "router", "triage", "webhooks"]
