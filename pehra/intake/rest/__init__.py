"""Intake for programs, one file a subject."""

from pehra.intake.rest.router import router

__all__ = ["router"]
