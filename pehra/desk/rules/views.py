"""What a saved view may be: a name, and the query of a list without its place in the list."""

from urllib.parse import parse_qsl, urlencode

from pehra.kernel.refusals import Invalid
from pehra.kernel.sentences import Sentence

NAME_CHARACTERS_MAX = 80
PLACE_CHARACTERS_MAX = 120
QUERY_CHARACTERS_MAX = 1_000
VIEWS_MAX = 50
PRESENT_SECONDS = 60
# Where in a list somebody stood is no part of a view.
_PLACE_IN_LIST = frozenset({"before", "after", "page", "cursor"})


def view_name(text: str) -> str:
    """Return a name without the space around it; refuse none, and one that no list shows whole."""
    name = " ".join(text.split())
    if not name or len(name) > NAME_CHARACTERS_MAX:
        raise Invalid(Sentence("a view needs a name of at most %(n)s characters", n=NAME_CHARACTERS_MAX), field="name")
    return name


def require_place(place: str) -> None:
    """Refuse what no list is called."""
    if not place or len(place) > PLACE_CHARACTERS_MAX:
        raise Invalid("there is no such list", field="place")


def view_query(text: str) -> str:
    """Return a list's query in one spelling, without the reader's place in the list."""
    pairs = [(key, value) for key, value in parse_qsl(text.lstrip("?")) if key not in _PLACE_IN_LIST and value.strip()]
    return urlencode(sorted(pairs))


def require_savable(query: str) -> str:
    """Return a query that a view can hold; a list may be narrowed further than that, and is shown all the same."""
    if len(query) > QUERY_CHARACTERS_MAX:
        raise Invalid(Sentence("this filter is too long to be saved"), field="query")
    return query
