"""DFIR-IRIS's alerts at `/intake/iris/`: what dfir-iris-client asks and posts.

An alert becomes a report, a change of it a further submission. Escalating, merging and deleting are decisions about a
report: they are made in triage, by people.
"""

from django.http import HttpResponse
from django.http.request import QueryDict

from pehra.access.api import Request
from pehra.intake import api
from pehra.intake.api import AlertView, Channel
from pehra.intake.rules.alerts import iris
from pehra.intake.views.alerts.speaking import answer, body_of, door
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible

ALERTS_ASKED_MAX = 100
_SEVERITIES = {label: number for number, label in iris.SEVERITIES.items()}


def refuse(status: int, message: str) -> HttpResponse:
    """Return a refusal as IRIS writes one."""
    return answer(iris.refused(message), status)


def _ping(request: Request) -> HttpResponse:
    return answer(iris.answered([], "pong"))


def _versions(request: Request) -> HttpResponse:
    said = {"iris_current": "v2.4.0", "api_min": iris.API_MIN, "api_current": iris.API_CURRENT}
    return answer(iris.answered(said))


def _add(request: Request) -> HttpResponse:
    raw, body, _files = body_of(request)
    view = api.receive_alert(
        channel=Channel.IRIS,
        alert=iris.read(body),
        raw=raw,
        media_type=request.content_type or "",
        by=request.actor,
        at=request.at,
    )
    return answer(iris.answered(_shown(view, body), "Alert added"))


def _get(request: Request, alert_id: int) -> HttpResponse:
    return answer(iris.answered(_shown(api.alert(channel=Channel.IRIS, number=alert_id, by=request.actor), {})))


def _update(request: Request, alert_id: int) -> HttpResponse:
    known = api.alert(channel=Channel.IRIS, number=alert_id, by=request.actor)
    raw, body, _files = body_of(request)
    view = api.add_to_alert(
        channel=Channel.IRIS,
        reference=known.reference,
        alert=iris.changed(body),
        raw=raw,
        media_type=request.content_type or "",
        by=request.actor,
        at=request.at,
    )
    return answer(iris.answered(_shown(view, body), "Alert updated"))


def _filter(request: Request) -> HttpResponse:
    """Answer which of some alerts are there: `alert_ids` alone is understood, since a list of reports is for people."""
    found = [_shown(view, {}) for view in _asked(request)]
    said = {"total": len(found), "alerts": found, "last_page": 1, "current_page": 1, "next_page": None}
    return answer(iris.answered(said))


def _asked(request: Request) -> list[AlertView]:
    views = []
    for number in _numbers(request.GET):
        try:
            views.append(api.alert(channel=Channel.IRIS, number=number, by=request.actor))
        except NotVisible:
            continue
    return views


def _numbers(query: QueryDict) -> list[int]:
    said = [each for each in query.get("alert_ids", "").split(",") if each]
    if not said or len(said) > ALERTS_ASKED_MAX or not all(each.isascii() and each.isdecimal() for each in said):
        raise Invalid(f"ask for alerts by alert_ids, at most {ALERTS_ASKED_MAX} numbers", field="alert_ids")
    return [int(each) for each in said]


def _decide(request: Request, alert_id: int) -> HttpResponse:
    api.alert(channel=Channel.IRIS, number=alert_id, by=request.actor)
    raise Forbidden("what becomes of a report is decided in triage, by a person")


def _shown(view: AlertView, body: dict[str, object]) -> dict[str, object]:
    kept = {
        "alert_title": view.title,
        "alert_description": view.description,
        "alert_source": view.source,
        "alert_source_ref": view.source_ref,
        "alert_severity_id": _SEVERITIES.get(view.answers.get("severity", ""), _SEVERITIES["Unspecified"]),
        "alert_tags": view.answers.get("tags", "").replace(", ", ","),
    }
    return iris.shown(
        {**body, **kept},
        number=view.number,
        reference=view.reference,
        at=view.received_at,
        state=view.state.value,
    )


ping = door(refuse, GET=_ping)
versions = door(refuse, GET=_versions)
add = door(refuse, POST=_add)
one = door(refuse, GET=_get)
filtered = door(refuse, GET=_filter)
update = door(refuse, POST=_update)
decide = door(refuse, POST=_decide)
