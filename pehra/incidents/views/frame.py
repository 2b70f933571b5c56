"""The frame of every page about one incident: its head, what to do next, and the tabs.

A tab is a page of its own: its view asks `heading` and renders a template that extends `incidents/tab.html`.
"""

from typing import Any

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api


def heading(request: Request, reference: str, *, tab: str) -> dict[str, Any]:
    """Return what `incidents/tab.html` needs for one incident; `tab` is the name of the current one."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    return around(request, api.heading(reference, by=request.actor), tab=tab)


def around(request: Request, head: api.Heading, *, tab: str) -> dict[str, Any]:
    """Return the same of a head that has been read already."""
    return {
        "incident": head.incident,
        "opened_by": head.opened_by,
        "next": head.next,
        "may_change": head.may_change,
        "may_close": head.may_close,
        "tab": tab,
        "names": access.names(ids={head.opened_by}, by=request.actor),
    }
