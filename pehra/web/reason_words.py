"""Why a decision came out as it did, in the words of people: facts of rules, and rules that are no country's law."""

from django.utils.translation import gettext_lazy as _

Words = dict[str, object]

FACT: Words = {
    "entity.sector": _("Sector"),
    "entity.territory": _("Territory"),
    "entity.classes": _("What the organisation is by law"),
    "incident.class": _("Kind"),
    "incident.type": _("Kind in detail"),
    "incident.severity": _("Severity"),
    "incident.attributes": _("Known of it"),
    "finding.identifier": _("Kind of the finding"),
    "finding.malware": _("Harmful program"),
    "valid_from": _("In force since"),
    "undecided": _("Not decided before it"),
    "would be": _("Might be"),
    "own_moment_of": _("By the own moment of"),
    "kind": _("Kind"),
    "organisations": _("Organisations"),
    "sectors": _("Sectors"),
    "territories": _("Territories"),
    "at least organisations": _("From so many organisations on"),
    "at least sectors": _("From so many sectors on"),
    "at least territories": _("From so many territories on"),
    "within hours": _("Within so many hours"),
    "before": _("Before"),
    "reason": _("Reason"),
    "report": _("Report"),
    "reported": _("As reported"),
    "from": _("From"),
    "incident": _("Incident"),
    "role": _("Role"),
    "own": _("By itself"),
    "tlp": "TLP",
    "pap": "PAP",
    "country": _("Country"),
}
"""The facts that a rule asks for and a reason gives; one that is not here is shown by its code."""

RULE: Words = {
    "intake.report": _("opened from a report"),
    "set-by-hand": _("set by a person"),
    "as-strict-as-a-report": _("as strict as the report that came into it"),
    "strictest-of-a-merge": _("as strict as its strictest part"),
    "incidents.merged": _("came with an incident that was merged into it"),
    "split": _("split off from another incident"),
    "history": _("taken in from the history"),
}
"""Rules of this program, which no profile holds."""
