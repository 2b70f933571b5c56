"""What programs say of reports, strictly: an unknown key is a mistake."""

from typing import Annotated

from pydantic import Field, StrictBool

from pehra.intake import api
from pehra.intake.rules.bodies import OBSERVABLE_MAX, Code, ReportIn, SaidIn
from pehra.kernel.bodies import Strict

__all__ = ["AT_ONCE_MAX", "Code", "FiltersIn", "Reference", "ReportIn", "SaidIn"]

AT_ONCE_MAX = 500
Reference = Annotated[str, Field(min_length=1, max_length=32)]


class FiltersIn(Strict):
    """Which reports of the queue, as the list takes them."""

    state: str = Field("received", max_length=20)
    team: Code = ""
    channel: str = Field("", max_length=20)
    assignee: str = Field("", max_length=120)
    organisation: Code = ""
    sector: Code = ""
    territory: Code = ""
    taxonomy: Code = ""
    complete: StrictBool | None = None
    problem: StrictBool | None = None
    news: StrictBool | None = None
    exercise: StrictBool = False
    search: str = Field("", max_length=200)
    observable: str = Field("", max_length=OBSERVABLE_MAX)

    def filters(self) -> api.Filters:
        """Return them as intake takes them."""
        return api.Filters(**self.model_dump())
