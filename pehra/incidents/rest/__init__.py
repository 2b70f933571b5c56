"""Incidents for programs, one file a subject."""

from pehra.incidents.rest import cacao, evidence, exchange, incidents, joining, work
from pehra.incidents.rest.router import router

__all__ = ["cacao", "evidence", "exchange", "incidents", "joining", "router", "work"]
