"""Incidents for programs, one file a subject."""

from pehra.incidents.rest import evidence, exchange, incidents
from pehra.incidents.rest.router import router

__all__ = ["evidence", "exchange", "incidents", "router"]
