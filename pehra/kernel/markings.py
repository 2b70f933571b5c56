"""Handling marks: who may be told (TLP) and what may be done with it (PAP).

FIRST Traffic Light Protocol 2.0 (August 2022); MISP Permissible Actions Protocol, version 3. TLP is about disclosure and
only its source may loosen it; PAP is about use.
"""

from enum import StrEnum

from pehra.kernel.refusals import Invalid


class Tlp(StrEnum):
    """FIRST TLP 2.0, from the freest to the strictest."""

    CLEAR = "TLP:CLEAR"
    GREEN = "TLP:GREEN"
    AMBER = "TLP:AMBER"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    RED = "TLP:RED"

    @property
    def rank(self) -> int:
        """Strictness, 0 for CLEAR to 4 for RED."""
        return list(Tlp).index(self)


class Pap(StrEnum):
    """Permissible actions, from the freest to the strictest."""

    CLEAR = "PAP:CLEAR"
    GREEN = "PAP:GREEN"
    AMBER = "PAP:AMBER"
    RED = "PAP:RED"

    @property
    def rank(self) -> int:
        """Strictness, 0 for CLEAR to 3 for RED."""
        return list(Pap).index(self)


class Circle(StrEnum):
    """How far from the source a recipient stands, as TLP 2.0 draws its circles."""

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
    circles = list(Circle)
    return circles.index(circle) <= circles.index(_WIDEST[marking])


def strictest(*markings: Tlp) -> Tlp:
    """Return the strictest of some markings: what a whole made of such parts must carry."""
    return max(markings, key=lambda marking: marking.rank)


def parse_tlp(text: str) -> Tlp:
    """Read a TLP label in any usual spelling (`amber`, `tlp:amber`, `TLP:WHITE`); refuse what is none."""
    name = text.strip().upper().removeprefix("TLP:").replace(" ", "").replace("_", "+")
    if name == "WHITE":
        name = "CLEAR"
    try:
        return Tlp(f"TLP:{name}")
    except ValueError as error:
        raise Invalid(f"{text!r} is not a TLP 2.0 label", field="tlp") from error


def parse_pap(text: str) -> Pap:
    """Read a PAP label in any usual spelling; refuse what is none."""
    name = text.strip().upper().removeprefix("PAP:")
    if name == "WHITE":
        name = "CLEAR"
    try:
        return Pap(f"PAP:{name}")
    except ValueError as error:
        raise Invalid(f"{text!r} is not a PAP label", field="pap") from error
