"""What every page of the work on an incident does with a form: do it, or show it again with what was typed."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from pehra.access.api import Request
from pehra.incidents.views.incidents import MOMENT_FORMATS, MomentField
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal

Act = Callable[[], object]
Again = Callable[[Refusal], HttpResponse]


def act(request: Request, what: Act, *, again: Again, to: str) -> HttpResponse:
    """Do what a form asked and go on; a refusal shows the form again, with what was typed in it."""
    try:
        what()
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return again(refusal)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect(to)


def known(acts: Mapping[str, Callable[..., object]], what: str) -> Callable[..., object]:
    """Return one of a page's acts; an address that names no act is no address."""
    if what not in acts:
        raise NotVisible(_("There is no such page."))
    return acts[what]


def moment(text: str, *, field: str) -> datetime | None:
    """Return a moment as a browser's own field writes it, in the country's zone; nothing for nothing."""
    try:
        found = MomentField(input_formats=MOMENT_FORMATS, required=False).clean(text)
    except ValidationError as error:
        raise Invalid(_("This is no moment."), field=field) from error
    return found if isinstance(found, datetime) else None


def number(text: str, *, field: str) -> int:
    """Return a small whole number that a form's own button sent."""
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise Invalid(_("This page's address is not complete."), field=field)
    return int(text)
