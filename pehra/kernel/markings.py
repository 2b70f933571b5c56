"""Handling marks: who may be told (TLP) and what may be done with it (PAP).

FIRST Traffic Light Protocol 2.0 (August 2022); MISP Permissible Actions Protocol, version 3. TLP is about disclosure
and only its source may loosen it; PAP is about use. Marks compare by strictness, never by spelling. A label that is
not one of theirs is refused, not read as the freest.
"""

from enum import StrEnum

from pehra.kernel.refusals import Invalid


class _Ordered(StrEnum):
    """Text whose members compare by the order they are declared in: as text, RED would be above CLEAR by luck only."""

    @property
    def rank(self) -> int:
        """Place in the order of declaration, from 0."""
        return list(type(self)).index(self)

    def _rank_of(self, other: str) -> int:
        if type(other) is not type(self):
            raise TypeError(f"{self!r} has no order with {other!r}")
        return other.rank

    def __lt__(self, other: str) -> bool:
        return self.rank < self._rank_of(other)

    def __le__(self, other: str) -> bool:
        return self.rank <= self._rank_of(other)

    def __gt__(self, other: str) -> bool:
        return self.rank > self._rank_of(other)

    def __ge__(self, other: str) -> bool:
        return self.rank >= self._rank_of(other)


class Tlp(_Ordered):
    """FIRST TLP 2.0, from the freest to the strictest."""

    CLEAR = "TLP:CLEAR"
    GREEN = "TLP:GREEN"
    AMBER = "TLP:AMBER"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    RED = "TLP:RED"


class Pap(_Ordered):
    """Permissible actions, from the freest to the strictest."""

    CLEAR = "PAP:CLEAR"
    GREEN = "PAP:GREEN"
    AMBER = "PAP:AMBER"
    RED = "PAP:RED"


class Circle(_Ordered):
    """How far from the source a recipient stands, as TLP 2.0 draws its circles, from the nearest."""

    NAMED = "named recipient"
    ORGANISATION = "the recipient's own organisation"
    CLIENTS = "the organisation's clients"
    COMMUNITY = "the community"
    PUBLIC = "the public"


_WIDEST: dict[Tlp, Circle] = {
    Tlp.RED: Circle.NAMED,
    Tlp.AMBER_STRICT: Circle.ORGANISATION,
    Tlp.AMBER: Circle.CLIENTS,
    Tlp.GREEN: Circle.COMMUNITY,
    Tlp.CLEAR: Circle.PUBLIC,
}


def may_share(marking: Tlp, circle: Circle) -> bool:
    """Whether something so marked may reach a recipient in that circle."""
    return circle <= _WIDEST[marking]


def strictest(marking: Tlp, *markings: Tlp) -> Tlp:
    """Return the strictest of some markings: what a whole made of such parts must carry."""
    return max(marking, *markings) if markings else marking


def parse_tlp(text: str) -> Tlp:
    """Read a TLP label in any usual spelling (`amber`, `tlp:amber strict`, `TLP:WHITE`); refuse what is none."""
    name = "+".join(text.upper().replace("+", " ").replace("_", " ").replace("-", " ").split())
    name = name.removeprefix("TLP:").removeprefix("+")
    if name == "WHITE":
        name = "CLEAR"  # the name until TLP 2.0
    try:
        return Tlp(f"TLP:{name}")
    except ValueError as error:
        raise Invalid(f"{text!r} is not a TLP 2.0 label", field="tlp") from error


def parse_pap(text: str) -> Pap:
    """Read a PAP label in any usual spelling; refuse what is none."""
    name = text.strip().upper().removeprefix("PAP:").strip()
    if name == "WHITE":
        name = "CLEAR"
    try:
        return Pap(f"PAP:{name}")
    except ValueError as error:
        raise Invalid(f"{text!r} is not a PAP label", field="pap") from error
