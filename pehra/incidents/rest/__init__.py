"""Incidents for programs, one file a subject."""

from pehra.incidents.rest import incidents
from pehra.incidents.rest.router import router

__all__ = ["incidents", "router"]
