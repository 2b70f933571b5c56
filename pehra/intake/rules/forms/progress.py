"""How far a report is, stage by stage: which answers a stage of a duty still lacks before it is whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pehra.law.api import StageDemands


@dataclass(frozen=True, kw_only=True)
class StageProgress:
    """One stage: how many answers it demands, and those it lacks."""

    duty: str
    stage: str
    demanded: int
    lacking: tuple[str, ...]
    is_known: bool

    @property
    def name(self) -> str:
        """The stage's name among all duties."""
        return f"{self.duty}/{self.stage}"

    @property
    def given(self) -> int:
        """How many of the demanded answers stand."""
        return self.demanded - len(self.lacking)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is lacking; where nobody said what the stage demands, that is for a person to say."""
        return self.is_known and not self.lacking


def progress(stages: Iterable[StageDemands], answers: Mapping[str, str]) -> tuple[StageProgress, ...]:
    """Return how far each stage is by the answers."""
    return tuple(
        StageProgress(
            duty=stage.duty,
            stage=stage.stage,
            demanded=len(stage.required),
            lacking=tuple(code for code in stage.required if not answers.get(code)),
            is_known=stage.is_known,
        )
        for stage in stages
    )
