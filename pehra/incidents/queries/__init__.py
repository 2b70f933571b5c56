"""Reading incidents, through the wall."""

from pehra.incidents.queries.reading import (
    counts,
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
    "find",
    "for_change",
    "incident",
    "incidents",
    "next_clocks",
    "reader",
    "views",
    "visible",
]
