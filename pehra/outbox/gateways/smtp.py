"""Messages to a mail server over SMTP (RFC 5321).

What the server refuses with 5xx for a message or its recipient is final; anything else, our own sign-in included, may
be better later. A password is never said over an open line, and a certificate that does not verify is a refusal, except
to the machine itself.
"""

import ipaddress
import smtplib
import ssl
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from pehra.kernel.refusals import Invalid
from pehra.outbox.gateways.transport import Parcel, PermanentFault, TemporaryFault

TIMEOUT_SECONDS = 30
PORTS = {"smtp": 587, "smtps": 465}
ANSWER_CHARACTERS_MAX = 500


class SmtpTransport:
    """One mail server; the connection is opened at the first parcel and used for the batch."""

    def __init__(self, *, host: str, port: int, user: str, password: str, tls_from_start: bool) -> None:
        self.host, self.port = host, port
        self._user, self._password = user, password
        self._tls_from_start = tls_from_start
        self._connection: smtplib.SMTP | None = None

    @classmethod
    def from_url(cls, url: str) -> "SmtpTransport":
        """Read `smtp://user:password@host:port` or `smtps://…`; user and password percent-encoded."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS[parts.scheme]
        except ValueError as error:
            raise Invalid(f"PEHRA_OUTBOX_URL cannot be read: {error}") from error
        if not parts.hostname:
            raise Invalid("PEHRA_OUTBOX_URL names no mail server; write smtp://user:password@host:port")
        return cls(
            host=parts.hostname,
            port=port,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls_from_start=parts.scheme == "smtps",
        )

    def __enter__(self) -> "SmtpTransport":
        return self

    def __exit__(self, *_error: object) -> None:
        self._hang_up()

    def deliver(self, parcel: Parcel) -> Mapping[str, object]:
        """Hand one parcel to the server and return its answer."""
        try:
            connection = self._connected()
            answer = self._hand_over(connection, parcel)
        except TemporaryFault:
            self._hang_up()
            raise
        except smtplib.SMTPRecipientsRefused as error:
            self._rest()
            code, text = next(iter(error.recipients.values()))
            raise _fault(code, text, about=parcel.recipient) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            self._rest()
            raise _fault(error.smtp_code, error.smtp_error, about="the message") from error
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise TemporaryFault(f"the mail server {self.host}:{self.port} could not be used: {error}") from error
        return {"transport": "smtp", "server": f"{self.host}:{self.port}", "answer": answer}

    def _hand_over(self, connection: smtplib.SMTP, parcel: Parcel) -> str:
        """Say MAIL, RCPT and DATA, and return the server's last word: it often holds its queue number."""
        code, text = connection.mail(parcel.sender)
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, text, parcel.sender)
        code, text = connection.rcpt(parcel.recipient)
        if code not in (250, 251):
            raise smtplib.SMTPRecipientsRefused({parcel.recipient: (code, text)})
        code, text = connection.data(parcel.content)
        if code != 250:
            raise smtplib.SMTPDataError(code, text)
        return _printable(code, text)

    def _connected(self) -> smtplib.SMTP:
        if self._connection is not None:
            return self._connection
        connection: smtplib.SMTP
        if self._tls_from_start:
            connection = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=self._tls())
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        self._connection = connection
        connection.ehlo()
        encrypted = self._tls_from_start
        if not encrypted and connection.has_extn("starttls"):
            connection.starttls(context=self._tls())
            connection.ehlo()
            encrypted = True
        if self._user:
            if not encrypted and not _is_this_machine(self.host):
                raise TemporaryFault(f"{self.host}:{self.port} offers no TLS: the password is not sent in the clear")
            connection.login(self._user, self._password)
        return connection

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if _is_this_machine(self.host):
            # A relay on this machine has no name that anybody could certify, and no road to be watched.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _rest(self) -> None:
        """Keep the connection for the next parcel where the server still listens."""
        try:
            if self._connection is not None and self._connection.rset()[0] != 250:
                self._hang_up()
        except (smtplib.SMTPException, OSError):
            self._hang_up()

    def _hang_up(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.quit()
        except (smtplib.SMTPException, OSError):
            self._connection.close()
        self._connection = None


def _fault(code: int, text: bytes | str, *, about: str) -> TemporaryFault | PermanentFault:
    said = f"the mail server refused {about}: {_printable(code, text)}"
    return PermanentFault(said) if 500 <= code < 600 else TemporaryFault(said)


def _printable(code: int, text: bytes | str) -> str:
    """Return a server's answer as one printable line: it is others' text, and is shown to people."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    line = "".join(letter if letter.isprintable() else " " for letter in words)
    return f"{code} {' '.join(line.split())}"[:ANSWER_CHARACTERS_MAX]


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
