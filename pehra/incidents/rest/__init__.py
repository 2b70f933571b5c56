"""Incidents for programs, one file a subject."""

from pehra.incidents.rest import evidence, incidents
from pehra.incidents.rest.router import router

__all__ = ["evidence", "incidents", "router"]
