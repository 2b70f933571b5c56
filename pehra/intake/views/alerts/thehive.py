"""TheHive's alerts at `/intake/thehive/`: what thehive4py posts, in version 1 and version 0 of that API.

An alert becomes a report; a change of it, and observables that come later, are further submissions. Nothing is deleted,
and nobody's alert but the program's own is read.
"""

from django.http import HttpResponse

from pehra.access.api import Request
from pehra.intake import api
from pehra.intake.api import AlertView, Channel
from pehra.intake.rules.alerts import Alert, thehive
from pehra.intake.views.alerts.speaking import answer, body_of, door
from pehra.kernel.refusals import Forbidden

ATTACHED = "attachment"
_KINDS = {400: "BadRequest", 403: "AuthorizationError", 404: "NotFoundError", 405: "BadRequest", 413: "BadRequest"}
_SEVERITIES = {label: number for number, label in thehive.SEVERITIES.items()}


def refuse(status: int, message: str) -> HttpResponse:
    """Return a refusal as TheHive writes one."""
    return answer({"type": _KINDS.get(status, "InternalError"), "message": message}, status)


def _create(request: Request) -> HttpResponse:
    raw, body, files = body_of(request)
    view = api.receive_alert(
        channel=Channel.THEHIVE,
        alert=thehive.read(body, files),
        raw=raw,
        media_type=request.content_type or "",
        by=request.actor,
        at=request.at,
    )
    return answer(_shown(view, body), 201)


def _get(request: Request, alert_id: str) -> HttpResponse:
    view = api.alert(channel=Channel.THEHIVE, reference=alert_id, by=request.actor)
    return answer(_shown(view, {}))


def _update(request: Request, alert_id: str) -> HttpResponse:
    raw, body, files = body_of(request)
    _add(request, alert_id, raw, thehive.changed(body, files))
    return answer(None, 204)


def _update_v0(request: Request, alert_id: str) -> HttpResponse:
    raw, body, files = body_of(request)
    return answer(_shown(_add(request, alert_id, raw, thehive.changed(body, files)), body))


def _delete(request: Request, alert_id: str) -> HttpResponse:
    api.alert(channel=Channel.THEHIVE, reference=alert_id, by=request.actor)
    raise Forbidden("a report is never deleted; dismiss it in triage, with a reason")


def _observe(request: Request, alert_id: str) -> HttpResponse:
    raw, body, files = body_of(request)
    if ATTACHED in files:
        # The part of a single observable's file has one name, whatever its text says.
        body = body | {"attachment": ATTACHED}
    _add(request, alert_id, raw, thehive.changed({"observables": [body]}, files))
    many = body.get("data")
    return answer([{**body, "data": each} for each in (many if isinstance(many, list) else [many])], 201)


def _add(request: Request, alert_id: str, raw: bytes, alert: Alert) -> AlertView:
    return api.add_to_alert(
        channel=Channel.THEHIVE,
        reference=alert_id,
        alert=alert,
        raw=raw,
        media_type=request.content_type or "",
        by=request.actor,
        at=request.at,
    )


def _me(request: Request) -> HttpResponse:
    who = request.actor
    return answer(
        {"_id": who.id, "_type": "user", "login": who.id, "name": who.name, "profile": "analyst", "locked": False}
    )


def _status(request: Request) -> HttpResponse:
    return answer({"versions": {"Scalligraph": "5", "TheHive": "5.0"}, "config": {}})


def _shown(view: AlertView, body: dict[str, object]) -> dict[str, object]:
    """Return an alert as TheHive answers: what the report says, and what was just sent that only TheHive has."""
    kind, _slash, ref = view.source_ref.partition("/")
    kept = {
        "type": kind,
        "source": view.source,
        "sourceRef": ref,
        "title": view.title,
        "description": view.description,
        "severity": _SEVERITIES.get(view.answers.get("severity", ""), thehive.SEVERITY_DEFAULT),
        "tags": [each for each in view.answers.get("tags", "").split(", ") if each],
        "tlp": next(number for number, tlp in thehive.TLPS.items() if tlp >= view.tlp),
    }
    return thehive.shown(
        {**body, **kept},
        reference=view.reference,
        by=view.reported_by,
        at=view.received_at,
        observables=view.observables,
        state=view.state.value,
    )


create = door(refuse, POST=_create)
one = door(refuse, GET=_get, PATCH=_update, DELETE=_delete)
one_v0 = door(refuse, GET=_get, PATCH=_update_v0, DELETE=_delete)
observables = door(refuse, POST=_observe)
me = door(refuse, GET=_me)
status = door(refuse, GET=_status)
