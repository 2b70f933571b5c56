"""What is wrong in a profile: each problem with its file, line and field.

A lawyer mends a profile by hand, so every mistake is named where it stands, and all of them in one run. A profile with
one problem is refused whole: half a law is worse than none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pehra.kernel.refusals import Invalid

PROBLEMS_IN_MESSAGE_MAX = 5


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One mistake: where it stands and what to do about it."""

    file: str
    line: int
    field: str
    message: str

    def as_json(self) -> dict[str, str | int]:
        """Return the problem with the keys of the contract."""
        return {"file": self.file, "line": self.line, "field": self.field, "message": self.message}

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.message}"


class ProfileInvalid(Invalid):
    """The profile cannot be used; `problems` names every mistake in it."""

    def __init__(self, profile: str, problems: Sequence[Problem]) -> None:
        shown = "\n".join(f"  {problem}" for problem in problems[:PROBLEMS_IN_MESSAGE_MAX])
        more = len(problems) - PROBLEMS_IN_MESSAGE_MAX
        rest = f"\n  and {more} more; run `pehra law check`" if more > 0 else ""
        super().__init__(f"the profile {profile!r} has {len(problems)} problem(s):\n{shown}{rest}", field="profile")
        self.profile = profile
        self.problems = tuple(problems)
