"""Logs: one JSON object a line on stderr, without personal data.

Values are where personal data hides, in messages of the database above all ("Key (email)=(…) exists"). So an error is
logged as its type and the places it passed, never its message or its variables, and what looks like an e-mail address
is masked, and so is the token of a sign-in link. No request bodies, no query strings, no access log.
"""

import logging
import logging.config
import re
import sys
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_LINK = re.compile(r"(/access/link/)[^\s/?#\"']+")
_FRAMES_MAX = 25
# Django and the job queue hang whole objects on their records; these few say where and what, and no more.
_KEPT_EXTRAS = ("action", "status_code")


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is at the moment of writing: a test runner may put its own in place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def configure(options: Mapping[str, Any]) -> None:
    """Send all logs to stderr as JSON; Django calls this once with `LOGGING`."""
    structlog.configure(
        processors=[*_steps(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Stderr()
    handler.setFormatter(json_formatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(str(options.get("level", "warning")).upper())
    # Each request that is refused or not found would be a line with its path; the server counts those.
    logging.getLogger("django.request").setLevel(logging.ERROR)


def json_formatter(*_arguments: Any, **_options: Any) -> logging.Formatter:
    """Return the formatter of every log line, for handlers that others set up."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_steps(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )


def _steps() -> list[Any]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(allow=_KEPT_EXTRAS),
        errors_as_places,
        without_addresses,
        without_tokens,
    ]


def errors_as_places(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and the lines it passed: its message may carry a person's values."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = f"{info[0].__module__}.{info[0].__qualname__}"
        event["places"] = _places(info[2])
    event.pop("stack_info", None)
    return event


def without_addresses(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask what looks like an e-mail address in every text."""
    for key, value in event.items():
        if isinstance(value, str) and "@" in value:
            event[key] = _EMAIL.sub("(address)", value)
    return event


def without_tokens(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask what lets somebody in: a refused form leaves its path here, and its link may still be unused."""
    for key, value in event.items():
        if isinstance(value, str) and "/access/link/" in value:
            event[key] = _LINK.sub(r"\1(token)", value)
    return event


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-_FRAMES_MAX:]
