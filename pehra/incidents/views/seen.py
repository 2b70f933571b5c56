"""Nobody decides over what they did not see: a form carries what stood there when its page was opened.

Two handlers who open one incident and judge it one after the other would otherwise each believe that theirs stands. The
second is told, with what is known now above the words that they typed. What is stated is still settled under the
incident's lock by the act itself; between this look and that lock the later word stands, and both are in the ledger.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from pehra.incidents import api
from pehra.kernel.refusals import Invalid

MARK_CHARACTERS = 16

SHOWN: Mapping[str, Callable[[api.IncidentPage], Any]] = {
    "severity": lambda page: [page.incident.severity, page.incident.severity_confirmed],
    "facts": lambda page: [
        page.incident.taxonomy,
        page.incident.type,
        sorted(page.attributes or ()),
        sorted(page.attributes_absent),
    ],
    "impact": lambda page: {name: page.impact.get(name) for name in ("services", "regions", "countries")},
    "marking": lambda page: [str(page.incident.tlp), str(page.incident.pap)],
}
"""What each form shows of the incident, and would put something else in the place of."""


def marks(page: api.IncidentPage) -> dict[str, str]:
    """Return for each form the mark of what it shows now; the form sends it back as `seen`."""
    return {form: _mark(shown(page)) for form, shown in SHOWN.items()}


def require(form: str, typed: QueryDict, page: api.IncidentPage) -> None:
    """Refuse what was decided on another state of things; a form that says nothing of it is believed."""
    if form in SHOWN and typed.get("seen") and typed["seen"] != _mark(SHOWN[form](page)):
        raise Invalid(
            _("Somebody changed this meanwhile. What you typed is still here: look again, then send it once more."),
            field="seen",
        )


def _mark(shown: Any) -> str:
    return sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()[:MARK_CHARACTERS]
