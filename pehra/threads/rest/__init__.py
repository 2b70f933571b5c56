"""Threads for programs, one file a subject."""

from pehra.threads.rest import threads
from pehra.threads.rest.router import router

__all__ = ["router", "threads"]
