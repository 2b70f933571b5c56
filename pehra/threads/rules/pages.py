"""Where a page of threads ended, as a text that the next one is asked for with. Pure.

Threads are listed by what happened in them last, and a thread rises when something happens. So the text holds the
moment and the number of the last one shown, and not the thread itself: it may stand elsewhere by then.
"""

from datetime import UTC, datetime, timedelta

from pehra.kernel.refusals import Invalid

PLACE_CHARACTERS_MAX = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_MAX = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_NUMBER_MAX = 2**63 - 1


def written(last_at: datetime, number: int) -> str:
    """Return the place after a thread, to the microsecond in which the database keeps moments."""
    return f"{(last_at - _EPOCH) // _MICROSECOND}-{number}"


def read(text: str) -> tuple[datetime, int]:
    """Read a place; refuse what is none of ours."""
    moment, dash, number = text.partition("-")
    if not (dash and text.isascii() and moment.isdigit() and number.isdigit() and len(text) <= PLACE_CHARACTERS_MAX):
        raise Invalid("this is no place in the list of threads", field="before")
    if int(moment) > _MICROSECONDS_MAX or int(number) > _NUMBER_MAX:
        raise Invalid("this is no place in the list of threads", field="before")
    return _EPOCH + int(moment) * _MICROSECOND, int(number)
