"""What a terminal is given: text, never orders.

Names and words of a feed are printed as they came, and a terminal obeys control characters: they rename its window,
overwrite lines above, or turn text around. A file or a pipe gets every character.
"""

import re
import sys
from typing import Any, TextIO

_ORDERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Plain:
    """A terminal's stream that shows a control character instead of obeying it; line ends and tabs stay."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text without orders."""
        return self._stream.write(_ORDERS.sub("\ufffd", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def text_only() -> None:
    """Let nothing but text through to a terminal; what draws on it itself writes to `sys.__stderr__`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream.isatty():
            setattr(sys, name, Plain(stream))
