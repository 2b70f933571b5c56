"""The tree of guidance: which teams stand under which, from each team's own parent.

The tree comes from the law's profile and from import files. A circle in it (a team above itself) is somebody's mistake
and must not become somebody's right or an endless loop: every walk passes a team once and goes so deep and no deeper.
"""

from collections.abc import Mapping

DEPTH_MAX = 12


def under(team: str, *, parents: Mapping[str, str]) -> frozenset[str]:
    """Return a team's code with those of all teams under its guidance, however many steps below."""
    children: dict[str, list[str]] = {}
    for code, parent in parents.items():
        children.setdefault(parent, []).append(code)
    found, layer = {team}, [team]
    for _step in range(DEPTH_MAX):
        layer = [code for parent in layer for code in children.get(parent, ()) if parent and code not in found]
        if not layer:
            break
        found.update(layer)
    return frozenset(found)


def above(team: str, *, parents: Mapping[str, str]) -> tuple[str, ...]:
    """Return the teams that guide a team, nearest first; a team that stands above itself is not named twice."""
    found: list[str] = []
    step = parents.get(team, "")
    while step and step != team and step not in found and len(found) < DEPTH_MAX:
        found.append(step)
        step = parents.get(step, "")
    return tuple(found)


def top(*, parents: Mapping[str, str]) -> str:
    """Return the one team that guides all others, or nothing when there is none: then nobody stands for the nation."""
    roots = [code for code, parent in parents.items() if not parent]
    if len(roots) != 1:
        return ""
    return roots[0] if under(roots[0], parents=parents) >= parents.keys() else ""
