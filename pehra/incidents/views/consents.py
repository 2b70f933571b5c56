"""Pages of consent: what somebody's own organisations are asked, wherever it was, and one question as every page
shows it."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api
from pehra.incidents.rules.consents import CHANNELS
from pehra.incidents.views import acting
from pehra.kernel.refusals import Refusal


@require_http_methods(["GET", "HEAD", "POST"])
def asked(request: Request) -> HttpResponse:
    """Show what the organisations for which somebody speaks are asked, and take an answer."""
    access.require(request.actor, Permission.INCIDENTS_CONSENT)
    if request.method != "POST":
        return _page(request)
    reference = request.POST.get("reference", "")
    return acting.act(
        request,
        lambda: answer(request.POST, {"ref": reference, "by": request.actor, "at": request.at}),
        again=lambda refusal: _page(request, refusal=refusal),
        to=f"{reverse('incidents:asked')}#{place(reference, request.POST.get('number', ''))}",
    )


def _page(request: Request, *, refusal: Refusal | None = None) -> HttpResponse:
    consents = api.asked(by=request.actor)
    refused = place(request.POST.get("reference", ""), request.POST.get("number", "")) if refusal else ""
    context = {
        "consents": rows(request, consents, refused=refused),
        "action": reverse("incidents:asked"),
        "names": access.names(ids={consent.asked_by for consent in consents}, by=request.actor),
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "incidents/asked.html", context, status=422 if refusal else 200)


def rows(request: Request, consents: Iterable[api.ConsentView], *, refused: str) -> list[dict[str, Any]]:
    """Return questions as a page shows them; `refused` is the place of the one whose answer was refused."""
    return [
        {
            "consent": consent,
            "place": place(consent.incident, consent.number),
            "may_answer": access.may(request.actor, Permission.INCIDENTS_CONSENT, organisation=consent.organisation),
            "is_refused": place(consent.incident, consent.number) == refused,
        }
        for consent in consents
    ]


def place(reference: str, number: int | str) -> str:
    """Return where on a page a question stands, which is also what a letter's address names."""
    return f"{reference}-{number}"


def answer(form: QueryDict, to: dict[str, Any]) -> object:
    """Do what the form of a question asks."""
    return api.answer_consent(
        number=acting.number(form.get("number", ""), field="number"),
        answer=form.get("answer", ""),
        terms=form.get("terms", ""),
        valid_until=acting.moment(form.get("valid_until", ""), field="valid_until"),
        name=form.get("name", ""),
        channel=form.get("channel", "") or CHANNELS[0],
        **to,
    )
