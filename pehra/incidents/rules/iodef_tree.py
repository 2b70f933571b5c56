"""IODEF's XML from RFC 8727's nested names, and back, by the table of `iodef_grammar` alone.

An XML element is told here as (space, name, attributes, children, text), so that nothing of an XML library is needed
to know what is written; the gateway turns that into bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pehra.incidents.rules.iodef_grammar import NUMBERS, NUMERIC_VALUES, SHAPES, Child, Kind, Shape

XML_VERSION = "2.00"
LANG = "lang"
MARKS = "marks"  # no class of IODEF


@dataclass
class Element:
    """An XML element, of whatever library."""

    space: str
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element"] = field(default_factory=list)
    text: str = ""


def to_elements(tree: dict[str, Any]) -> Element:
    """Return the document element of a tree."""
    root = Element("iodef", "IODEF-Document", {"version": XML_VERSION})
    if tree.get(LANG):
        root.attributes[LANG] = str(tree[LANG])
    root.children = [_element("Incident", "Incident", incident) for incident in tree["Incident"]]
    return root


def _element(name: str, shape_name: str, tree: dict[str, Any], space: str = "iodef") -> Element:
    shape = SHAPES[shape_name]
    element = Element(space, name)
    element.attributes = {key: _text(tree[key]) for key in shape.attributes if key in tree}
    if shape.value:
        element.text = _text(tree.get(shape.value, ""))
    if shape.choice:
        tree = tree | _chosen(tree.get(shape.choice, []))
    for child in shape.children:
        if child.name in tree:
            element.children += _children(child, tree[child.name])
    return element


def _chosen(impacts: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return a list of choices as lists by name: XML has them side by side."""
    by_name: dict[str, list[Any]] = {}
    for impact in impacts:
        for name, value in impact.items():
            by_name.setdefault(name, []).append(value)
    return by_name


def _children(child: Child, value: Any) -> list[Element]:
    values = value if isinstance(value, list) else [value]
    made = [_child(child, each) for each in values]
    return [Element("iodef", child.inside, children=made)] if child.inside and made else made


def _child(child: Child, value: Any) -> Element:
    match child.kind:
        case Kind.ALGORITHM:
            return Element(child.space, child.name, {"Algorithm": _text(value)})
        case Kind.WORDS if isinstance(value, dict):
            attributes = {key: _text(value[key]) for key in (LANG, "translation-id") if key in value}
            return Element(child.space, child.name, attributes, text=_text(value.get("value", "")))
        case Kind.TEXT | Kind.WORDS | Kind.NUMBER:
            return Element(child.space, child.name, text=_text(value))
    return _element(child.name, child.kind, value, child.space)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else repr(value) if isinstance(value, float) else str(value)


def from_elements(root: Element) -> tuple[dict[str, Any], list[str]]:
    """Return the tree of a document element, and the names of what the table does not know."""
    left_out: list[str] = []
    incidents = [each for each in root.children if each.name == "Incident"]
    left_out += [each.name for each in root.children if each.name != "Incident"]
    told = [_tree(each, "Incident", left_out) | {MARKS: list(_marks(each))} for each in incidents]
    tree: dict[str, Any] = {"version": "2.0", "Incident": told}
    if LANG in root.attributes:
        tree[LANG] = root.attributes[LANG]
    return tree, left_out


def _marks(element: Element) -> Iterator[dict[str, str]]:
    """Yield every mark within an element: also of what the table does not know, since the file is kept whole."""
    waiting = [element]
    while waiting:
        each = waiting.pop()
        marks = {name: said for name, said in each.attributes.items() if name in ("restriction", "ext-restriction")}
        if marks:
            yield marks
        waiting.extend(each.children)


def _tree(element: Element, shape_name: str, left_out: list[str]) -> dict[str, Any]:
    shape = SHAPES[shape_name]
    tree: dict[str, Any] = {
        key: _number(element.attributes[key]) if key in NUMBERS else element.attributes[key]
        for key in shape.attributes
        if key in element.attributes
    }
    if shape.value:
        tree[shape.value] = _number(element.text) if shape_name in NUMERIC_VALUES else element.text.strip()
    known = {child.name: child for child in shape.children}
    wrappers = {child.inside for child in shape.children if child.inside}
    for each in _unwrapped(element, wrappers):
        child = known.get(each.name)
        if child is None:
            left_out.append(f"{element.name}/{each.name}")
            continue
        _add(tree, child, _value(each, child, left_out), shape)
    return tree


def _unwrapped(element: Element, wrappers: set[str]) -> Iterator[Element]:
    for each in element.children:
        if each.name in wrappers:
            yield from each.children
        else:
            yield each


def _add(tree: dict[str, Any], child: Child, value: Any, shape: Shape) -> None:
    if shape.choice and child.name.endswith("Impact"):
        tree.setdefault(shape.choice, []).append({child.name: value})
    elif child.many:
        tree.setdefault(child.name, []).append(value)
    else:
        tree[child.name] = value


def _value(element: Element, child: Child, left_out: list[str]) -> Any:
    plain: dict[str, Callable[[], Any]] = {
        Kind.ALGORITHM: lambda: element.attributes.get("Algorithm", ""),
        Kind.NUMBER: lambda: _number(element.text),
        Kind.TEXT: lambda: element.text.strip(),
        Kind.WORDS: lambda: _words(element),
    }
    if child.kind in plain:
        return plain[child.kind]()
    return _tree(element, child.kind, left_out)


def _words(element: Element) -> Any:
    said = {key: element.attributes[key] for key in (LANG, "translation-id") if key in element.attributes}
    return {"value": element.text.strip(), **said} if said else element.text.strip()


def _number(text: str) -> Any:
    """Return a number, or the text where somebody wrote none: it is then no number to those who read on."""
    try:
        number = float(text.strip())
    except ValueError:
        return text.strip()
    return int(number) if number.is_integer() else number
