"""Which of the five shades a number takes, so that a table of numbers can be read at a glance."""

from collections.abc import Iterable

SHADES = 5


def shade(value: int, *, largest: int) -> int:
    """Return 0 to 4: the fifth of the largest value in which a value lies; zero is always the faintest."""
    if value <= 0 or largest <= 0:
        return 0
    return min(SHADES - 1, 1 + (value * (SHADES - 1) - 1) // largest)


def shares(values: Iterable[int]) -> list[int]:
    """Return each value's share of the largest, in whole hundredths; a value above zero never vanishes."""
    numbers = list(values)
    largest = max(numbers, default=0)
    return [max(1, number * 100 // largest) if number > 0 else 0 for number in numbers]
