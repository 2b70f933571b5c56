"""Reading incidents, through the wall."""

from pehra.incidents.queries.heading import Heading, heading, heading_of
from pehra.incidents.queries.reading import (
    counts,
    every_incident,
    find,
    for_change,
    incident,
    incidents,
    next_clocks,
    reader,
    views,
    visible,
)
from pehra.incidents.queries.shapes import (
    ClockView,
    Counts,
    DueView,
    IncidentList,
    IncidentPage,
    IncidentView,
    MergeView,
    MomentView,
    SideView,
)

__all__ = [
    "ClockView",
    "Counts",
    "DueView",
    "Heading",
    "IncidentList",
    "IncidentPage",
    "IncidentView",
    "MergeView",
    "MomentView",
    "SideView",
    "counts",
    "every_incident",
    "find",
    "for_change",
    "heading",
    "heading_of",
    "incident",
    "incidents",
    "next_clocks",
    "reader",
    "views",
    "visible",
]
