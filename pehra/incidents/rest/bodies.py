"""What the bodies of `incidents.rest` are made of beside `kernel.bodies`: codes, and numbers of its things."""

from typing import Annotated

from pydantic import Field

CODE_CHARACTERS_MAX = 64
NUMBER_MAX = 1_000_000
"""The greatest number by which a thing of an incident is named."""
Code = Annotated[str, Field(min_length=1, max_length=CODE_CHARACTERS_MAX)]
