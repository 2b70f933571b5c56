"""Bodies as programs send them: JSON, strictly.

A body is small: the door has refused a large one unread. The library's own refusal says nothing of what is wrong; the
reader's reason stays its cause, and becomes the answer.
"""

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from pehra.kernel import json_text

NESTING_MAX = 32


class StrictParser(Parser):
    """Reads a body once and well."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Return a JSON body; refuse one that is doubtful."""
        return json_text.read(request.body, depth_max=NESTING_MAX)  # type: ignore[no-any-return]
