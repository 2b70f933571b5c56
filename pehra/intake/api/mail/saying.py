"""A mail as what somebody says in a report: its words, its files, and what a machine's part of it names."""

from pehra.intake.api.mail.reading import VALID, Read
from pehra.intake.models import Mail
from pehra.intake.rules.mail import arf, events, plain_text, xarf
from pehra.intake.rules.mail.letters import Letter
from pehra.intake.rules.mail.markings import marking_of
from pehra.intake.rules.mail.sorting import Sort
from pehra.intake.rules.saying import (
    ANSWER_LENGTH_MAX,
    DESCRIPTION_LENGTH_MAX,
    FILES_BYTES_MAX,
    FILES_MAX,
    TITLE_LENGTH_MAX,
    Handed,
    Reporter,
    Said,
    Stated,
)
from pehra.kernel.rsit import CLASS_OF

FIELDS_SHOWN_MAX = 40
NAMED_MAX = 200
LANGUAGE_DEFAULT = "en"


def said_in(row: Mail, mail: Read) -> Said:
    """Return what a mail says."""
    letter = mail.letter
    if letter is None:
        return Said(title=row.subject[:TITLE_LENGTH_MAX], is_complete=False)
    kind, stated, answers = _machine_part(mail.sorted.sort, letter)
    if mail.told.detail and not mail.told.incidents:
        answers |= _answers({"document": mail.told.detail})
    return Said(
        title=letter.subject[:TITLE_LENGTH_MAX],
        description=_described(letter),
        taxonomy=CLASS_OF.get(kind, ""),
        type=kind if kind in CLASS_OF else "",
        observables=stated,
        answers=answers,
        tlp=marking_of(letter.subject),
        is_complete=row.is_whole and mail.is_open,
    )


def _described(letter: Letter) -> str:
    """Return the text, and the links behind words of its HTML: what a phishing mail shows is not what it does."""
    hidden = [link for link in letter.links if link not in letter.text]
    text = letter.text
    if hidden:
        text = f"{text}\n\n" + "\n".join(f"<{link}>" for link in hidden)
    return text[:DESCRIPTION_LENGTH_MAX]


def _machine_part(sort: Sort, letter: Letter) -> tuple[str, tuple[Stated, ...], dict[str, str]]:
    """Return what a machine's report names: a type of RSIT, what did something, and its fields."""
    if sort is Sort.COMPLAINT and (complaint := arf.complaint(letter)):
        named = [complaint.source, *complaint.urls]
        fields = {name: "; ".join(values) for name, values in complaint.fields.items()}
        return events.COMPLAINTS.get(complaint.kind, ""), _stated(named), _answers(fields)
    if sort is Sort.ABUSE and (abuse := xarf.of_letter(letter)):
        kind = events.RSIT.get(f"{abuse.category}/{abuse.kind}") or events.RSIT.get(abuse.category) or ""
        fields = {name: str(value) for name, value in abuse.fields.items() if isinstance(value, str | int | float)}
        if abuse.lacking:
            fields["lacking"] = "; ".join(abuse.lacking)
        return kind, _stated([abuse.source, abuse.url]), _answers(fields)
    return "", (), {}


def _stated(named: list[str]) -> tuple[Stated, ...]:
    found = dict.fromkeys(one for one in named if one and events.is_subject(one))
    return tuple(Stated(written=one) for one in found)[:NAMED_MAX]


def _answers(fields: dict[str, str]) -> dict[str, str]:
    shown = list(fields.items())[:FIELDS_SHOWN_MAX]
    return {f"mail.{name}"[:100]: value[:ANSWER_LENGTH_MAX] for name, value in shown if value}


def reporter_of(row: Mail, mail: Read) -> Reporter:
    """Return who reports: the sender's word alone, unless their signature was found good."""
    return Reporter(name=row.sender_name, email=row.sender_address, verified=mail.verdict == VALID)


def language_of(mail: Read) -> str:
    """Return in which of our languages the sender is best answered."""
    return plain_text.language_of(mail.letter.text) if mail.letter else LANGUAGE_DEFAULT


def files_of(mail: Read) -> list[Handed]:
    """Return the files that came along, as many as a report takes; the mail as received has them all."""
    taken: list[Handed] = []
    size = 0
    for number, part in enumerate(mail.letter.files if mail.letter else ()):
        size += len(part.content)
        if len(taken) == FILES_MAX or size > FILES_BYTES_MAX:
            break
        if part.content:
            name = part.name or f"part-{number + 1}"
            taken.append(Handed(name=name, content=part.content, media_type=part.media_type))
    return taken
