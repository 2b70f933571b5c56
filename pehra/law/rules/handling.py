"""How an incident is handled: phases in order, and when an organisation is asked before something is done for it.

Phases are the profile's words for where the work stands; which of them hold an incident from `contained` or `closed`
is said there too. Consent follows the class of the organisation: where it is not known, the organisation is asked.
"""

from dataclasses import dataclass

from pehra.kernel.reasons import Because
from pehra.law.rules.basis import Basis
from pehra.law.rules.conditions import Condition

PHASE_KIND = "phase"
HELD = ("contained", "closed")


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of handling; `holds` names the states that its unfinished blocking tasks keep an incident from."""

    code: str
    name: str
    name_local: str
    holds: tuple[str, ...]
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class ConsentRule:
    """That an organisation of this kind is asked before something is done on its systems."""

    code: str
    name: str
    name_local: str
    when: Condition
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class ConsentAnswer:
    """Whether an organisation must be asked, and why; `missing` names the facts that nobody has stated."""

    needed: bool
    because: Because
    missing: tuple[str, ...] = ()
