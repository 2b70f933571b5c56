"""Observables: what can be seen of an incident, each in its one spelling.

Text comes in as people and feeds write it (defanged, in capitals, in Urdu script) and leaves as a type and a normal
form, so that equal things are equal. Nothing is looked up, resolved or guessed: what is not clearly one of the types
is refused. Sources: RFC 5952 (IPv6 text), RFC 5396 (AS numbers), UTS 46 with IDNA 2008 (names), RFC 3986 (URLs).
"""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlsplit

import idna

from pehra.kernel.refusals import Invalid

OBSERVABLE_LENGTH_MAX = 8_192
TEXT_LENGTH_MAX = 3 * OBSERVABLE_LENGTH_MAX  # defanged, every dot may be three characters
NESTED_MARKS_MAX = 4  # `[[.]]` has been seen; a thousand brackets are an attack on our time
DOMAIN_LENGTH_MAX = 253  # RFC 1035, section 2.3.4, as text without the final dot
EMAIL_LOCAL_LENGTH_MAX = 64  # RFC 5321, section 4.5.3.1.1
ASN_MAX = 2**32 - 1


class ObservableType(StrEnum):
    """What an observable is."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    PREFIX = "prefix"
    ASN = "asn"
    DOMAIN = "domain"
    URL = "url"
    EMAIL = "email"
    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"
    CVE = "cve"


@dataclass(frozen=True)
class Observable:
    """An observable in its normal form; made by `parse`, never by hand from raw text."""

    type: ObservableType
    value: str

    def __str__(self) -> str:
        return self.value


_DIGESTS = {32: ObservableType.MD5, 40: ObservableType.SHA1, 64: ObservableType.SHA256, 128: ObservableType.SHA512}
_DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443}
_BARE_SCHEMES = {"hxxp": "http", "hxxps": "https", "fxp": "ftp", "fxps": "ftps"}
_DEFANGED_SCHEMES = {live: bare for bare, live in _BARE_SCHEMES.items()}

_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_ASN = re.compile(r"(?:AS|ASN) ?(?:([0-9]{1,5})\.)?([0-9]{1,10})", re.IGNORECASE)
_CVE = re.compile(r"CVE-([0-9]{4})-([0-9]{4,19})", re.IGNORECASE)
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_EMAIL_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+")
_PERCENT = re.compile(r"%([0-9a-fA-F]{2})")

_SCHEME_MARK = re.compile(r"(?<![a-z0-9])(hxxps?|fxps?|h\*\*ps?)(?=(?:\[)?:)", re.IGNORECASE)
_SQUARE_MARK = re.compile(r"\[(\.|dot|:|:/{0,2}|/|@|at)\]", re.IGNORECASE)
_HOST_MARK = re.compile(r"[(\[{] ?(\.|dot|@|at) ?[)\]}]|\\(\.)|\[(\.)|(\.)\]", re.IGNORECASE)
_AROUND = "<>\"'“”‘’«»` \t\r\n\f\v\u00a0\u200e\u200f\ufeff"
_AFTER = ",;،؛۔"
_GAPPED_MARK = re.compile(r" ?([(\[{]) ?(\.|dot|@|at|:) ?([)\]}]) ?", re.IGNORECASE)
_WORDS = {"dot": ".", "at": "@"}


def parse(text: str) -> Observable:
    """Read one observable from text, defanged or not, and return it in its normal form; refuse what is none."""
    candidate = _bare(refang(_bare(text))) if len(text) <= TEXT_LENGTH_MAX else text
    if len(candidate) > OBSERVABLE_LENGTH_MAX:
        raise Invalid(f"longer than {OBSERVABLE_LENGTH_MAX} characters", field="observable")
    if not candidate:
        raise Invalid("there is nothing here", field="observable")
    if _URL.match(candidate):
        return Observable(ObservableType.URL, _settled_url(candidate))
    found = _address(candidate) or _number(candidate)
    if found is not None:
        return found
    if "@" in candidate:
        return Observable(ObservableType.EMAIL, _normalise_email(candidate))
    name = normalise_domain(candidate)
    if "." not in name:
        raise Invalid(f"{text!r} is no address, name, URL, e-mail, digest, AS number or CVE", field="observable")
    return Observable(ObservableType.DOMAIN, name)


def normalise_domain(text: str) -> str:
    """Return a name as lower-case A-labels without the final dot, such as `xn--mgbai9azgqp6j`; refuse what is none.

    Names in ASCII are held to what the DNS carries (underscores and any hyphens included), because malicious names
    are seldom well-formed IDNA; names in other scripts go through UTS 46.
    """
    # The Urdu full stop is what an Urdu keyboard types between labels; UTS 46 maps U+3002 but not this one.
    name = text.strip().replace("\u06d4", ".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise Invalid(f"{text!r} is no domain name: {error}", field="domain") from error
    name = name.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > DOMAIN_LENGTH_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        raise Invalid(f"{text!r} is no domain name", field="domain")
    if labels[-1].isdigit():
        # RFC 3696, section 2: a top-level label is never all digits, so this is a mistyped address.
        raise Invalid(f"{text!r} is no domain name: it ends in a number", field="domain")
    return name


def defang(observable: Observable | str) -> str:
    """Return an observable as text that no program turns into a link; `refang` gives the normal form back."""
    seen = observable if isinstance(observable, Observable) else parse(observable)
    match seen.type:
        case ObservableType.IPV4 | ObservableType.DOMAIN:
            return seen.value.replace(".", "[.]")
        case ObservableType.IPV6 | ObservableType.PREFIX:
            return seen.value.replace(".", "[.]").replace(":", "[:]")
        case ObservableType.EMAIL:
            local, _, domain = seen.value.rpartition("@")
            return f"{local}[@]{domain.replace('.', '[.]')}"
        case ObservableType.URL:
            scheme, rest = seen.value.split("://", 1)
            end = _authority_end(rest)
            host = rest[:end].replace(".", "[.]")
            return f"{_DEFANGED_SCHEMES.get(scheme, scheme)}[://]{host}{rest[end:]}"
    return seen.value


def refang(text: str) -> str:
    """Undo the usual defanging marks in text; text without marks comes back as it was.

    In the path of a URL only square-bracketed marks are undone: RFC 3986 allows round brackets there, so `a(at)b` may
    be the path itself, while square brackets cannot be.
    """
    return " ".join(_refang_word(word) for word in _joined(text).split(" "))


def _joined(text: str) -> str:
    """Close the gaps in and around marks, as in `portal [ . ] example`, so that a mark is within one word."""
    return _GAPPED_MARK.sub(r"\1\2\3", text)


def _refang_word(word: str) -> str:
    for _ in range(NESTED_MARKS_MAX):
        previous = word
        word = _SCHEME_MARK.sub(_live_scheme, word)
        word = _SQUARE_MARK.sub(lambda mark: _WORDS.get(mark[1].lower(), mark[1]), word)
        scheme = _URL.match(word)
        start = scheme.end() if scheme else 0
        end = start + _authority_end(word[start:])
        host = _HOST_MARK.sub(_meant, word[:end])
        word = host + word[end:]
        if word == previous:
            break
    return word


def _meant(mark: re.Match[str]) -> str:
    said = str(mark[mark.lastindex or 0]).lower()
    return _WORDS.get(said, said)


def _live_scheme(mark: re.Match[str]) -> str:
    return _BARE_SCHEMES[mark[1].lower().replace("*", "x")]


def _authority_end(rest: str) -> int:
    """Return where a URL's authority ends and its path, query or fragment begins."""
    return next((index for index, character in enumerate(rest) if character in "/?#"), len(rest))


def _bare(text: str) -> str:
    """Take off what surrounds an observable in running text, in Latin and in Urdu."""
    return text.lstrip(_AROUND).rstrip(_AROUND + _AFTER)


def _address(text: str) -> Observable | None:
    """Read an address or prefix, if the text is shaped like one."""
    literal = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        if "/" not in literal:
            return _of_address(ipaddress.ip_address(literal))
        network = ipaddress.ip_network(literal, strict=False)
        start = ipaddress.ip_address(literal.partition("/")[0])
    except ValueError:
        return None
    if "%" in literal:
        raise Invalid(f"{text!r} has a zone, which means something on one machine only", field="observable")
    if start != network.network_address:
        # Taken as meant, one slip of the pen would hand over a whole network.
        raise Invalid(f"{text!r} has host bits set; the prefix is {network}", field="observable")
    return Observable(ObservableType.PREFIX, str(network))


def _of_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Observable:
    if isinstance(address, ipaddress.IPv4Address):
        return Observable(ObservableType.IPV4, str(address))
    if address.scope_id is not None:
        raise Invalid(f"{str(address)!r} has a zone, which means something on one machine only", field="observable")
    if address.ipv4_mapped is not None:
        # The same host as seen through a dual-stack socket (RFC 4291, section 2.5.5.2).
        return Observable(ObservableType.IPV4, str(address.ipv4_mapped))
    return Observable(ObservableType.IPV6, str(address))


def _number(text: str) -> Observable | None:
    """Read an AS number, CVE identifier or digest, if the text is shaped like one."""
    if match := _ASN.fullmatch(text):
        high, low = int(match[1] or 0), int(match[2])
        number = high << 16 | low
        if number > ASN_MAX or (match[1] and (high > 0xFFFF or low > 0xFFFF)):
            raise Invalid(f"{text!r} is beyond the 32 bits of an AS number", field="observable")
        return Observable(ObservableType.ASN, f"AS{number}")
    if _CVE.fullmatch(text):
        return Observable(ObservableType.CVE, text.upper())
    if len(text) in _DIGESTS and _HEX.fullmatch(text):
        return Observable(_DIGESTS[len(text)], text.lower())
    return None


def _normalise_email(text: str) -> str:
    local, _, domain = text.removeprefix("mailto:").rpartition("@")
    if not _EMAIL_LOCAL.fullmatch(local) or len(local) > EMAIL_LOCAL_LENGTH_MAX:
        raise Invalid(f"{text!r} is no e-mail address", field="email")
    # RFC 5321 lets a host tell capitals apart; none does, and two spellings of one mailbox must be one observable.
    return f"{local.lower()}@{normalise_domain(domain)}"


def _settled_url(text: str) -> str:
    """Return a URL's normal form, without the sentence's punctuation that dropping an empty part may have laid bare."""
    value = _normalise_url(text)
    while (shorter := _normalise_url(_bare(value))) != value:
        value = shorter
    if len(value) > OBSERVABLE_LENGTH_MAX:
        raise Invalid(f"longer than {OBSERVABLE_LENGTH_MAX} characters when percent-encoded", field="url")
    return value


def _normalise_url(text: str) -> str:
    """Return a URL with scheme and host in normal form and the rest as it was sent.

    Dot segments stay: a path such as `/../../etc/passwd` is the evidence, not a spelling of `/etc/passwd`.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid(f"{text!r} is no URL: {error}", field="url") from error
    if not host:
        raise Invalid(f"{text!r} is no URL: it names no host", field="url")
    scheme = parts.scheme.lower()
    found = _address(host)
    if found is not None and found.type is ObservableType.IPV6:
        netloc = f"[{found.value}]"
    else:
        netloc = found.value if found else normalise_domain(host)
    if port is not None and port != _DEFAULT_PORTS.get(scheme):
        netloc = f"{netloc}:{port}"
    credentials, at, _ = parts.netloc.rpartition("@")
    head = f"{scheme}://{_escaped(credentials)}{at}{netloc}{_escaped(parts.path) or '/'}"
    query = f"?{_escaped(parts.query)}" if parts.query else ""
    fragment = f"#{_escaped(parts.fragment)}" if parts.fragment else ""
    return head + query + fragment


def _escaped(part: str) -> str:
    """Return a part of a URL with what RFC 3986 does not allow percent-encoded, and hex digits in capitals."""
    safe = quote(part, safe="%/:@!$&'()*+,;=?~")
    return _PERCENT.sub(lambda match: match[0].upper(), safe)
