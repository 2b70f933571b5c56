"""The page on which a letter is written: first looked at as each recipient gets it, then sent."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.markings import Tlp, parse_tlp
from pehra.kernel.refusals import Forbidden, NotVisible, Refusal
from pehra.law import api as law
from pehra.registry import api as registry
from pehra.threads import api
from pehra.threads.rules.drafts import BODY_CHARACTERS_MAX, SUBJECT_CHARACTERS_MAX

TEXTS = ("thread", "organisation", "to_team", "name", "email", "about", "template", "subject", "body", "team")
TEXT_CHARACTERS_MAX = 400


@require_http_methods(["GET", "HEAD", "POST"])
def write(request: Request) -> HttpResponse:
    """Write a letter. A press on "Look at it" sends nothing; what was looked at is what is sent."""
    access.require(request.actor, Permission.THREADS_WRITE)
    typed = request.POST if request.method == "POST" else request.GET
    context = _choices(request) | {"typed": {name: typed.get(name, "") for name in (*TEXTS, "tlp", "everybody")}}
    if request.method != "POST":
        return render(request, "threads/write.html", context)
    try:
        writing = _writing(request)
        if typed.get("step") == "send":
            sent = api.write_letter(writing=writing, seen=typed.get("seen", ""), by=request.actor, at=request.at)
            messages.success(request, _("Sent. Whether it arrived stands in the thread."))
            return redirect("threads:one", sent.thread.reference)
        context["previewed"] = api.preview_letter(writing=writing, by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return render(request, "threads/write.html", context | {"refusal": refusal}, status=422)
    return render(request, "threads/write.html", context)


def _writing(request: Request) -> api.Writing:
    said = {name: request.POST.get(name, "").strip() for name in TEXTS}
    long = {"subject": SUBJECT_CHARACTERS_MAX + 1, "body": BODY_CHARACTERS_MAX + 1}
    said = {name: value[: long.get(name, TEXT_CHARACTERS_MAX)] for name, value in said.items()}
    said["organisation"] = registry.code_of(said["organisation"], by=request.actor)
    marking = parse_tlp(request.POST.get("tlp", "") or Tlp.AMBER.value)
    return api.Writing(**said, tlp=marking, everybody=request.POST.get("everybody") == "yes")


def _choices(request: Request) -> dict[str, Any]:
    mine = access.narrowed(request.actor, Permission.THREADS_WRITE).teams
    return {
        "templates": law.letters(law.load(settings.PEHRA_PROFILE)),
        "teams": sorted(mine),
        "markings": list(Tlp),
        "subject_max": SUBJECT_CHARACTERS_MAX,
        "body_max": BODY_CHARACTERS_MAX,
    }
