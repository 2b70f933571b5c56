"""A form's shape: its questions, and for each choice the options that stand open on the day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pehra.law.api import Asked, Option, Profile


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Questions with their options, ready to be shown and to read answers by."""

    asked: tuple[Asked, ...]
    options: Mapping[str, tuple[Option, ...]]

    @property
    def codes(self) -> tuple[str, ...]:
        """The questions' codes in their order."""
        return tuple(entry.question.code for entry in self.asked)

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """The codes that may be chosen, by question."""
        return {code: tuple(option.code for option in options) for code, options in self.options.items()}

    @property
    def required(self) -> tuple[str, ...]:
        """The questions that somebody cannot do without."""
        return tuple(entry.question.code for entry in self.asked if entry.required_by)


def shape_of(profile: Profile, asked: Sequence[Asked]) -> Shape:
    """Return the shape of a form; a choice from a list of the profile's has that list's words as its options."""
    return Shape(
        asked=tuple(asked),
        options={entry.question.code: _options(profile, entry) for entry in asked},
    )


def _options(profile: Profile, entry: Asked) -> tuple[Option, ...]:
    if not entry.question.options_from:
        return entry.question.options
    words = profile.sectors if entry.question.options_from == "sectors" else profile.territories
    by_code = {word.code: word for word in words}  # a word with two versions in time stands once, as it is called last
    return tuple(Option(code=word.code, name=word.name, name_local=word.name_local) for word in by_code.values())
