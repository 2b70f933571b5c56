"""By which road a report came: one table, read by the form, the gateways, the queue's filter and the tests."""

from enum import StrEnum

from pehra.kernel.refusals import Invalid


class Channel(StrEnum):
    """The road of a submission."""

    FORM = "form"
    ORGANISATION = "organisation"
    OFFLINE = "offline"
    REST = "rest"
    MAIL = "mail"
    DOCUMENT = "document"
    WEBHOOK = "webhook"
    THEHIVE = "thehive"
    IRIS = "iris"


# Whoever comes by these roads has no account: what they say about themselves is their word alone.
WITHOUT_ACCOUNT = frozenset({Channel.FORM, Channel.OFFLINE, Channel.MAIL, Channel.WEBHOOK})


def parse_channel(text: str) -> Channel:
    """Read a channel by its name; refuse another word."""
    try:
        return Channel(text.strip().lower())
    except ValueError as error:
        raise Invalid(f"{text!r} is no road of a report; one of: {', '.join(Channel)}", field="channel") from error
