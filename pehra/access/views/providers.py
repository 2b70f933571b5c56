"""Pages of coming in by another organisation's sign-in, and of one's links to such accounts.

The way there is shown as a page that leads on, and not as a redirect of the form: what a form may lead to is held to
our own pages by the Content-Security-Policy.
"""

import hmac
from dataclasses import asdict
from datetime import timedelta

from allauth.account.internal.flows.login import perform_login
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api
from pehra.access.api import Request
from pehra.access.requests import recently_authenticated
from pehra.access.sessions import limits, proofs
from pehra.kernel.refusals import Fault, Forbidden, Invalid

KEPT = "pehra_provider"
KEPT_FOR = timedelta(minutes=10)
CODE_CHARACTERS_MAX = 4_096


@require_safe
def links(request: Request) -> HttpResponse:
    """List the providers and one's links to them."""
    return render(request, "access/providers.html", {"providers": api.providers(by=request.actor)})


@login_not_required
@require_POST
def come_in(request: Request, provider_id: str) -> HttpResponse:
    """Lead to a provider, to come in by its word."""
    return _lead(request, provider_id, link=False)


@require_POST
@recently_authenticated()
def connect(request: Request, provider_id: str) -> HttpResponse:
    """Lead to a provider, to make a link to one's account there."""
    return _lead(request, provider_id, link=True)


@require_POST
@recently_authenticated()
def disconnect(request: Request, provider_id: str) -> HttpResponse:
    """End one's link to a provider."""
    api.unlink_provider(provider_id=provider_id, by=request.actor, at=request.at)
    _end_others(request)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect("access:providers")


@login_not_required
@never_cache
@require_safe
def callback(request: Request, provider_id: str) -> HttpResponse:
    """Take the answer of a provider: once, from the browser that asked, within ten minutes."""
    kept = request.session.pop(KEPT, None)
    link = bool(kept and kept["link"])
    try:
        word = _word(request, provider_id, kept)
        if link:
            if not request.user.is_authenticated or request.actor.id != kept["person"]:
                raise Forbidden(_("The other organisation's answer was not for this sign-in."))
            api.link_provider(provider_id=provider_id, word=word, by=request.actor, at=request.at)
            _end_others(request)
            messages.success(request, _("Written down, and in the ledger."))
            return redirect("access:providers")
        person = api.person_of_word(provider_id=provider_id, word=word)
    except (Fault, Forbidden, Invalid) as refusal:
        said = refusal.message if isinstance(refusal, Forbidden | Invalid) else _("The other organisation failed.")
        messages.error(request, said)
        return redirect("access:providers" if link and request.user.is_authenticated else "access:sign-in")
    if request.user.is_authenticated:
        limits.leave(request, why="another sign-in", at=request.at)
    clear_login(request)  # what was begun before in this browser counts for nothing
    proofs.note(request, person, proofs.PROVIDER, provider=provider_id, mfa=word.two_factors)
    answer: HttpResponse = perform_login(request, Login(user=person, redirect_url=kept["next"] or None))
    return answer


def _end_others(request: Request) -> None:
    """End the actor's other sessions: another way in was made or ended."""
    here = request.session.session_key or ""
    api.end_other_sessions(here=here, why="credential changed", by=request.actor, at=request.at)


def _lead(request: Request, provider_id: str, *, link: bool) -> HttpResponse:
    try:
        asking = api.ask_provider(provider_id=provider_id, redirect_uri=_back(request, provider_id))
    except Fault:
        messages.error(request, _("The other organisation does not answer. Sign in in another way."))
        return redirect("access:providers" if link else "access:sign-in")
    wanted = request.POST.get("next", "")
    ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    request.session[KEPT] = {
        **asdict(asking), "provider": provider_id, "link": link, "person": request.actor.id,
        "next": wanted if ours else "", "at": request.at.timestamp(),
    }  # fmt: skip
    name = next(row.name for row in api.providers() if row.id == provider_id)
    answer = render(request, "access/leading.html", {"address": asking.address, "name": name})
    answer.headers["Refresh"] = f"0; url={asking.address}"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _word(request: Request, provider_id: str, kept: dict[str, object] | None) -> api.Word:
    fresh = kept is not None and 0 <= request.at.timestamp() - float(str(kept["at"])) < KEPT_FOR.total_seconds()
    if kept is None or not fresh or kept["provider"] != provider_id:
        raise Forbidden(_("This sign-in was begun too long ago, or elsewhere. Begin again."))
    if not hmac.compare_digest(request.GET.get("state", "").encode(), str(kept["state"]).encode()):
        raise Forbidden(_("The other organisation's answer was not for this sign-in."))
    code = request.GET.get("code", "")
    if not 0 < len(code) <= CODE_CHARACTERS_MAX:
        raise Forbidden(_("The other organisation did not let you in."))
    names = ("address", "state", "nonce", "verifier")
    return api.word_of_provider(
        provider_id=provider_id,
        code=code,
        issuer=request.GET.get("iss", ""),
        asking=api.Asking(**{name: str(kept[name]) for name in names}),
        redirect_uri=_back(request, provider_id),
        at=request.at,
    )


def _back(request: HttpRequest, provider_id: str) -> str:
    """Return the address to which a provider answers: the public one, whatever host this request named."""
    path = reverse("access:provider-callback", args=[provider_id])
    return f"{settings.PEHRA_URL.rstrip('/')}{path}" if settings.PEHRA_URL else request.build_absolute_uri(path)
