"""Reading incidents, through the wall."""

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
    MomentView,
    SideView,
)

__all__ = [
    "ClockView",
    "Counts",
    "DueView",
    "IncidentList",
    "IncidentPage",
    "IncidentView",
    "MomentView",
    "SideView",
    "counts",
    "every_incident",
    "find",
    "for_change",
    "incident",
    "incidents",
    "next_clocks",
    "reader",
    "views",
    "visible",
]
