"""What a text is: which format, and of Shadowserver which report.

The format is told by its first bytes, unless somebody says it. The report's type comes, in this order, from what
somebody says, from the file's name, and from what the lake knows: the report that came with the same header before,
and if several did, the one whose rows these are. So a renamed file is the same file.
"""

from collections.abc import Callable, Sequence

from pehra.kernel.refusals import Invalid
from pehra.telemetry.gateways.inputs import Text
from pehra.telemetry.rules import families
from pehra.telemetry.rules.feeds import Parser
from pehra.telemetry.rules.intelmq import FEED as INTELMQ
from pehra.telemetry.rules.intelmq import IntelmqParser
from pehra.telemetry.rules.shadowserver import FEED as SHADOWSERVER
from pehra.telemetry.rules.shadowserver import TIME, ShadowserverParser

FORMS = (SHADOWSERVER, INTELMQ)


def form_of(text: Text, said: str) -> str:
    """Return the format of a text; refuse one that is none of ours."""
    if said:
        form = said.split(":", 1)[0].lower()
        if form not in FORMS:
            raise Invalid(f"{said!r} is no format that Pehra reads; these are: {', '.join(FORMS)}", field="format")
        return form
    head = text.look.first.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"{"):
        return INTELMQ
    if head.startswith(b"["):
        raise Invalid(f"{text.name} is a JSON array; give IntelMQ's events one object a line", field="format")
    if b"," in head.split(b"\n", 1)[0]:
        return SHADOWSERVER
    raise Invalid(
        f"{text.name} is no format that Pehra knows ({', '.join(FORMS)}); name it with --format", field="format"
    )


def intelmq() -> Parser:
    """Return the parser of IntelMQ's events."""
    return IntelmqParser()


def parser_of(report: str, headers: Sequence[str]) -> Parser:
    """Return the parser of a Shadowserver report."""
    return ShadowserverParser(report=report, headers=headers)


def shadowserver(
    text: Text, headers: Sequence[str], *, source: str, form: str, seen: Callable[[], str | None]
) -> Parser:
    """Return the parser of a Shadowserver text, whose report's type may have to be found out."""
    if TIME not in headers:
        raise Invalid(f"{text.name} has no column {TIME!r}, which every Shadowserver report has", field="format")
    said = form.partition(":")[2].strip().lower() or _said_by(source)
    report = said or families.type_of_name(text.name) or seen() or ""
    return parser_of(report, headers)


def _said_by(source: str) -> str:
    word = source.rsplit("/", 1)[-1].strip().lower()
    return word if families.is_known(word) else ""
