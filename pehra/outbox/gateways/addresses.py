"""Which transport an address in the settings names.

`maildir:///folder`, `smtp://user:password@host:port` (TLS by STARTTLS where offered, required before a password is
said) or `smtps://…`. Any other address is refused with those that will do.
"""

from urllib.parse import urlsplit

from pehra.kernel.refusals import Invalid
from pehra.outbox.gateways.maildir import MaildirTransport
from pehra.outbox.gateways.smtp import SmtpTransport
from pehra.outbox.gateways.transport import Transport


def open_transport(url: str) -> Transport:
    """Return the transport that an address in the settings names."""
    scheme = urlsplit(url).scheme
    if scheme == "maildir":
        return MaildirTransport.from_url(url)
    if scheme in ("smtp", "smtps"):
        return SmtpTransport.from_url(url)
    raise Invalid(f"PEHRA_OUTBOX_URL names {scheme or 'nothing'}; use maildir:///folder, smtp:// or smtps://")
