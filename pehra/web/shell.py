"""What the frame around every page shows: who is signed in, where they may go, theme, language, the country's name."""

from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext_lazy as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.law import api as law
from pehra.threads import api as threads

MEBIBYTE = 1024 * 1024
FORM_BYTES = 64 * 1024  # what a form says beside its files
THEMES = ("auto", "light", "dark")
THEME_COOKIE = "pehra_theme"


@dataclass(frozen=True, kw_only=True)
class Section:
    """One entry of the rail; `prefix` is the path under which it is the current one, and so are `also`.

    `for_organisations`: only for whoever speaks for one.
    """

    name: object
    url: str
    prefix: str
    permission: Permission
    also: tuple[str, ...] = ()
    starts_group: bool = False
    for_organisations: bool = False


SECTIONS = (
    Section(name=_("Situation"), url="web:situation", prefix="/", permission=Permission.SITUATION_READ),
    Section(name=_("Inbox"), url="intake:list", prefix="/intake/", permission=Permission.INTAKE_READ),
    Section(
        name=_("Our reports"),
        url="intake:own-reports",
        prefix="/intake/own/",
        permission=Permission.INTAKE_REPORT,
        for_organisations=True,
    ),
    Section(
        name=_("Consent"),
        url="incidents:asked",
        prefix="/incidents/asked/",
        permission=Permission.INCIDENTS_CONSENT,
        for_organisations=True,
    ),
    Section(
        name=_("Incidents"),
        url="incidents:list",
        prefix="/incidents/",
        permission=Permission.INCIDENTS_READ,
        also=("/intake/incident/", "/threads/incident/"),  # tabs of one that other parts fill
    ),
    Section(name=_("Findings"), url="findings:list", prefix="/findings/", permission=Permission.FINDINGS_READ),
    Section(name=_("Leaks"), url="signals:leaks", prefix="/leaks/", permission=Permission.FINDINGS_READ),
    Section(name=_("Notices"), url="outbox:list", prefix="/outbox/", permission=Permission.OUTBOX_READ),
    Section(name=_("Letters"), url="threads:list", prefix="/threads/", permission=Permission.THREADS_READ),
    Section(
        name=_("Who answers?"),
        url="registry:who",
        prefix="/registry/who",
        permission=Permission.REGISTRY_READ,
        starts_group=True,
    ),
    Section(
        name=_("Organisations"),
        url="registry:organisations",
        prefix="/registry/organisations/",
        permission=Permission.REGISTRY_READ,
    ),
    Section(
        name=_("Identity controls"),
        url="registry:controls-overview",
        prefix="/registry/controls/",
        permission=Permission.ASSESSMENT_READ,
    ),
    Section(name=_("Teams"), url="registry:teams", prefix="/registry/teams/", permission=Permission.REGISTRY_READ),
    Section(
        name=_("Inputs"),
        url="telemetry:list",
        prefix="/telemetry/",
        permission=Permission.TELEMETRY_READ,
        starts_group=True,
    ),
    Section(name=_("Law"), url="web:law", prefix="/law/", permission=Permission.LAW_READ),
    Section(name=_("Proof"), url="ledger:list", prefix="/ledger/", permission=Permission.LEDGER_READ),
    Section(name=_("People"), url="access:people", prefix="/access/", permission=Permission.ACCESS_READ),
    Section(name=_("Signals"), url="signals:streams", prefix="/access/signals/", permission=Permission.SIGNALS_MANAGE),
)


def theme_of(request: HttpRequest) -> str:
    """Return the theme somebody chose; `auto` follows their device."""
    chosen = request.COOKIES.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"


def sections_for(request: HttpRequest) -> list[Section]:
    """Return the sections the actor may open: none before they proved enough who they are."""
    actor = getattr(request, "actor", None)
    if actor is None or not access.is_through(request):
        return []
    shown = [section for section in SECTIONS if actor.organisations or not section.for_organisations]
    return [section for section in shown if access.may(actor, section.permission)]


def current(path: str) -> str:
    """Return the prefix of the section that a path lies under: of several the one that says most of the path."""
    places = {place: section.prefix for section in SECTIONS for place in (section.prefix, *section.also)}
    under = [place for place in places if path == place or (place != "/" and path.startswith(place))]
    return places[max(under, key=len)] if under else ""


def here(request: HttpRequest) -> str:
    """Return the address to come back to: this page, or the page whose form was sent."""
    return request.get_full_path() if request.method in ("GET", "HEAD") else request.path.rpartition("/")[0] + "/"


def _glasses(request: HttpRequest) -> list[access.GlassView]:
    """Return the glasses that stand broken now in the reader's teams: loud means on every page."""
    actor, at = getattr(request, "actor", None), getattr(request, "at", None)
    return access.active_glasses(by=actor, at=at) if actor is not None and at is not None else []


def _calls(request: HttpRequest) -> tuple[threads.ThreadView, ...]:
    """Return the calls for help that nobody answered yet in the incident that a page is about."""
    match = request.resolver_match
    reference = match.kwargs.get("reference") if match else None
    return threads.asking_for_help(incident=reference, by=request.actor) if reference else ()  # type: ignore[attr-defined]


def shell(request: HttpRequest) -> dict[str, object]:
    """Return what the frame needs (a context processor); only what a page asks for costs a query: a broken glass of the
    reader's teams, and on the pages of an incident the calls for help in its letters."""
    bidi = get_language_bidi()
    return {
        "shell": {
            "sections": sections_for(request),
            "current": current(request.path),
            "here": here(request),
            "theme": theme_of(request),
            "language": get_language() or "en",
            "direction": "rtl" if bidi else "ltr",
            "languages": settings.LANGUAGES,
            "country": law.load(settings.PEHRA_PROFILE).identity,
            "glasses": partial(_glasses, request),  # a page that says what broke must not ask what may be broken too
            "calls": partial(_calls, request),
            "bytes_max": settings.PEHRA_REQUEST_BYTES_MAX - FORM_BYTES,
            "megabytes": settings.PEHRA_REQUEST_BYTES_MAX // MEBIBYTE,
            "fonts": (settings.PEHRA_FONTS / "fonts.css").is_file(),
        },
        "at": getattr(request, "at", None),
    }
