"""The form that everybody may fill in: no account, no name, a little at a time, and nothing lost.

Whoever fills it in holds a secret of 256 random bits, in a link or a hidden field. Under it a draft is sealed; with it
handing in is done once, however often a slow line makes somebody press. Handed in, it becomes a report like any other,
by Pehra itself: what its writer says about themselves is their word alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.intake import queries
from pehra.intake.api import receiving
from pehra.intake.gateways import mailboxes, sealed_drafts
from pehra.intake.models import OpenDraft, Submission
from pehra.intake.queries.receipts import ReceiptView, receipt_view
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.forms import answers as answer_rules
from pehra.intake.rules.forms import offline, telling
from pehra.intake.rules.forms.answers import Filled
from pehra.intake.rules.forms.shapes import Shape, shape_of
from pehra.intake.rules.saying import Handed, Receipt, Reporter
from pehra.kernel.actors import system
from pehra.kernel.canonical import canonical
from pehra.kernel.refusals import Fault, Invalid, NotVisible
from pehra.law import api as law
from pehra.vault import api as vault

DRAFT_DAYS = timedelta(days=14)
DRAFT_BYTES_MAX = 256 * 1024
DRAFTS_MAX = 50_000  # of everybody: whoever floods it fills a table of known size, and no disk
FILES_MAX = 5
ADDRESSES_MAX = 2
SECRET_LENGTHS = range(32, 65)
MEDIA_TYPE = "application/json"
_PEHRA = system("intake")


@dataclass(frozen=True, kw_only=True)
class OpenForm:
    """The form of the day, in the profile's words."""

    name: str
    name_local: str
    profile: str
    version: str
    shape: Shape


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What is in a form that is being filled in, as it was typed; `token` when it was handed in already."""

    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reporter: Mapping[str, str] = field(default_factory=dict)
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    """What came of handing in: a receipt, or what is wrong with which answer and nothing received."""

    filled: Filled
    receipt: Receipt | None = None


def open_form(*, at: datetime) -> OpenForm:
    """Return the form that everybody may fill in; there is none where the country's profile has none."""
    profile = law.load(settings.PEHRA_PROFILE)
    found = law.form(profile, on=law.day_of(profile, at))
    if found is None:
        raise NotVisible("this country's profile has no form that is open to everybody")
    form, asked = found
    return OpenForm(
        name=form.name,
        name_local=form.name_local,
        profile=profile.name,
        version=profile.version,
        shape=shape_of(profile, asked),
    )


def mail_addresses() -> tuple[str, ...]:
    """Return where people may write a report by mail: the first address of each mailbox that answers reporters."""
    try:
        boxes = mailboxes.configured()
    except Fault:
        return ()
    return tuple(dict.fromkeys(box.addresses[0] for box in boxes if box.receipts and box.addresses))[:ADDRESSES_MAX]


def new_secret() -> str:
    """Return the secret of a form that somebody begins."""
    return sealed_drafts.new_secret()


@transaction.atomic
def keep_draft(*, secret: str, typed: Typed, at: datetime) -> datetime:
    """Keep what was typed so far under its writer's secret; return until when. A form handed in is kept no more."""
    _require_secret(secret)
    wishes_to_be_nobody = bool(typed.reporter.get("anonymous"))
    content = {
        "answers": {name: list(words) for name, words in typed.answers.items()},
        "reporter": {"anonymous": "yes"} if wishes_to_be_nobody else dict(typed.reporter),
    }
    sealed = sealed_drafts.seal(secret, content)
    if len(sealed) > DRAFT_BYTES_MAX:
        raise Invalid(
            _("a draft is at most %(n)s KiB: hand it in, and add the rest later") % {"n": DRAFT_BYTES_MAX // 1024}
        )
    key = sealed_drafts.key_of(secret)
    row = OpenDraft.objects.select_for_update().filter(key=key).first()
    if row is None and OpenDraft.objects.count() >= DRAFTS_MAX:
        raise Invalid(_("no more drafts can be kept at the moment: hand in what you have, and add the rest later"))
    ends_at = at + DRAFT_DAYS
    if row is None or not row.is_handed_in:
        values = {"sealed": sealed, "changed_at": at, "ends_at": ends_at}
        OpenDraft.objects.update_or_create(key=key, defaults=values)
    return ends_at


def draft(*, secret: str, at: datetime) -> Typed | None:
    """Return what is kept under a secret; None when there is nothing, or its time is over."""
    if len(secret) not in SECRET_LENGTHS:
        return None
    row = OpenDraft.objects.filter(key=sealed_drafts.key_of(secret), ends_at__gt=at).first()
    content = sealed_drafts.opened(secret, bytes(row.sealed)) if row else None
    if content is None:
        return None
    answers = {name: tuple(words) for name, words in content.get("answers", {}).items()}
    return Typed(answers=answers, reporter=content.get("reporter", {}), token=content.get("token", ""))


@transaction.atomic
def forget_draft(*, secret: str) -> None:
    """Delete what is kept under a secret, whoever holds it."""
    OpenDraft.objects.filter(key=sealed_drafts.key_of(secret)).delete()


@transaction.atomic
def forget_old_drafts(*, at: datetime) -> int:
    """Delete drafts whose time is over; return how many."""
    return OpenDraft.objects.filter(ends_at__lte=at).delete()[0]


def read_answers(*, typed: Typed, at: datetime, is_more: bool = False) -> Filled:
    """Read what was typed, with every problem by its question; `is_more` adds to a report and need not say all."""
    form = open_form(at=at)
    profile = law.load(settings.PEHRA_PROFILE)
    return answer_rules.read(
        form.shape.asked,
        typed.answers,
        choices=form.shape.choices,
        zone=ZoneInfo(profile.identity.timezone),
        at=at,
        required=() if is_more else form.shape.required,
    )


@transaction.atomic
def hand_in(
    *,
    secret: str,
    typed: Typed,
    files: Sequence[Handed] = (),
    language: str,
    raw: bytes | None = None,
    at: datetime,
) -> HandedIn:
    """Hand in a form: a new report, or more of the one that this secret handed in already.

    The same again is the same receipt. `raw` are the bytes of an offline file; else those of the form are kept.
    """
    _require_secret(secret)
    filled = read_answers(typed=typed, at=at)
    if filled.problems:
        return HandedIn(filled=filled)
    before = _claim(secret, at=at)
    receipt = _receive(secret, typed, filled, files, language=language, raw=raw, token=before, at=at)
    _remember(secret, receipt.token, at=at)
    return HandedIn(filled=filled, receipt=receipt)


@transaction.atomic
def add_more(*, token: str, typed: Typed, files: Sequence[Handed] = (), once: str, at: datetime) -> HandedIn:
    """Add to a report by the secret of its receipt; `once` tells a second press from a second addition."""
    _require_few(files)
    filled = read_answers(typed=typed, at=at, is_more=True)
    if filled.problems:
        return HandedIn(filled=filled)
    form = open_form(at=at)
    said = telling.said(form.shape.asked, filled.answers)
    receiving.require_something(said, files)
    document = _document(form, typed, files, language="")
    receipt = receiving.add(
        channel=Channel.FORM,
        raw=document,
        media_type=MEDIA_TYPE,
        said=said,
        token=token,
        files=files,
        once=_once(f"{token}:{once}", document),
        by=_PEHRA,
        at=at,
    )
    return HandedIn(filled=filled, receipt=receipt)


def receipt(*, token: str) -> ReceiptView:
    """Return the receipt that a secret opens, with everything handed in under it."""
    report = queries.named(token=token, by=_PEHRA)
    with access.elevated(part="intake.receipt"):
        return receipt_view(report)


def own_submission(*, token: str, number: int) -> bytes:
    """Return the bytes of one form as they were handed in, for its writer to hold against the hash."""
    report = queries.named(token=token, by=_PEHRA)
    with access.elevated(part="intake.receipt"):
        row = Submission.objects.filter(
            report=report, number=number, channel__in=(Channel.FORM, Channel.OFFLINE)
        ).first()
    if row is None:
        raise NotVisible("there is no such submission")
    return vault.read(row.raw_sha256)


def _receive(
    secret: str,
    typed: Typed,
    filled: Filled,
    files: Sequence[Handed],
    *,
    language: str,
    raw: bytes | None,
    token: str,
    at: datetime,
) -> Receipt:
    _require_few(files)
    form = open_form(at=at)
    document = raw if raw is not None else _document(form, typed, files, language=language)
    coming: dict[str, Any] = {
        "channel": Channel.FORM if raw is None else Channel.OFFLINE,
        "raw": document,
        "media_type": MEDIA_TYPE,
        "said": telling.said(form.shape.asked, filled.answers),
        "files": files,
        "once": _once(secret, document),
        "by": _PEHRA,
        "at": at,
    }
    if token:
        return receiving.add(token=token, **coming)
    return receiving.receive(reporter=reporter_of(typed), language=language, **coming)


def reporter_of(typed: Typed) -> Reporter:
    """Return who reports, as they say; who wishes to be nobody is nobody, whatever else was typed."""
    said = typed.reporter
    if said.get("anonymous") or not any(said.get(name, "").strip() for name in ("name", "email", "phone")):
        return Reporter(anonymous=True)
    return Reporter(name=said.get("name", ""), email=said.get("email", ""), phone=said.get("phone", ""))


def _document(form: OpenForm, typed: Typed, files: Sequence[Handed], *, language: str) -> bytes:
    """Return the bytes of a form as they are kept: as it was typed, and the hashes of what came with it."""
    anonymous = reporter_of(typed).anonymous
    return canonical(
        {
            "form": law.PUBLIC_FORM,
            "profile": form.profile,
            "version": form.version,
            "language": language,
            "answers": {name: list(words) for name, words in typed.answers.items() if name in form.shape.codes},
            "reporter": {"anonymous": "yes"} if anonymous else dict(typed.reporter),
            "files": [
                {"name": file.name, "size": len(file.content), "sha256": sha256(file.content).hexdigest()}
                for file in files
            ],
        }
    )


def _claim(secret: str, *, at: datetime) -> str:
    """Lock the secret's row, made if there is none: of two presses the second waits. Return the token of the first."""
    key = sealed_drafts.key_of(secret)
    empty = {"sealed": sealed_drafts.seal(secret, {}), "changed_at": at, "ends_at": at + DRAFT_DAYS}
    OpenDraft.objects.bulk_create([OpenDraft(key=key, **empty)], ignore_conflicts=True)
    row = OpenDraft.objects.select_for_update().get(key=key)
    content = sealed_drafts.opened(secret, bytes(row.sealed)) or {}
    return str(content.get("token", ""))


def _remember(secret: str, token: str, *, at: datetime) -> None:
    """Put the receipt in the draft's place: what was typed is in the report now, and kept nowhere else."""
    OpenDraft.objects.filter(key=sealed_drafts.key_of(secret)).update(
        sealed=sealed_drafts.seal(secret, {"token": token}),
        is_handed_in=True,
        changed_at=at,
        ends_at=at + DRAFT_DAYS,
    )


def _once(secret: str, document: bytes) -> str:
    return f"{secret}:{sha256(document).hexdigest()}"


def _require_secret(secret: str) -> None:
    if len(secret) not in SECRET_LENGTHS or not secret.isascii():
        raise Invalid(_("this form has no number of its own: open it again"), field="secret")


def _require_few(files: Sequence[Handed]) -> None:
    if len(files) > FILES_MAX:
        raise Invalid(_("at most %(n)s files at once: add the others afterwards") % {"n": FILES_MAX}, field="files")


def read_offline(*, raw: bytes, at: datetime) -> tuple[offline.OfflineForm, Typed, Filled]:
    """Read a form that was filled in offline: what it holds, and every problem by its question."""
    held = offline.read(raw, profile=law.load(settings.PEHRA_PROFILE).name)
    typed = Typed(answers=held.typed, reporter=held.reporter)
    return held, typed, read_answers(typed=typed, at=at)
