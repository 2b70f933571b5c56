"""IODEF 2 in XML (RFC 7970), over lxml. Refuses a document type: no entity, no external name, nothing that expands."""

import re
from typing import Any

from lxml import etree

from pehra.incidents.rules import iodef, iodef_tree
from pehra.incidents.rules.documents import DEPTH_MAX, IncidentDocument, Unreadable
from pehra.incidents.rules.iodef_tree import Element

NAMESPACE = "urn:ietf:params:xml:ns:iodef-2.0"
NAMESPACES = {
    "iodef": NAMESPACE,
    "enum": "urn:ietf:params:xml:ns:iodef-enum-1.0",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
ELEMENTS_MAX = 200_000
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SPACES = {uri: space for space, uri in NAMESPACES.items()}
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def written(document: IncidentDocument) -> bytes:
    """Return a document as RFC 7970 has it."""
    root = _made(iodef_tree.to_elements(iodef.written(document)))
    raw: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return raw


def _made(element: Element) -> Any:
    nsmap: dict[Any, str] = {None: NAMESPACE, "enum": NAMESPACES["enum"], "ds": NAMESPACES["ds"]}
    made = etree.Element(f"{{{NAMESPACES[element.space]}}}{element.name}", nsmap=nsmap)
    for name, value in element.attributes.items():
        made.set(_LANG if name == iodef_tree.LANG else name, _writable(value))
    if element.text:
        made.text = _writable(element.text)
    made.extend([_made(child) for child in element.children])
    return made


def _writable(text: str) -> str:
    """Return a text without what XML 1.0 cannot hold."""
    return _UNWRITABLE.sub("\ufffd", text)


def read(raw: bytes) -> tuple[IncidentDocument, ...]:
    """Return the incidents of a file."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("this is not well-formed XML", field="document") from error
    if root.getroottree().docinfo.doctype:
        raise Unreadable("a document with a DOCTYPE is not read", field="document")
    if root.tag != f"{{{NAMESPACE}}}IODEF-Document":
        raise Unreadable("this is no IODEF 2 document", field="document")
    if sum(1 for _ in root.iter()) > ELEMENTS_MAX:
        raise Unreadable(f"a document has at most {ELEMENTS_MAX} elements", field="document")
    tree, left_out = iodef_tree.from_elements(_element(root, 0))
    return iodef.read(tree, left_out)


def _element(node: Any, depth: int) -> Element:
    if depth > DEPTH_MAX:
        raise Unreadable("nested too deep", field="document")
    name = etree.QName(node)
    attributes = {iodef_tree.LANG if key == _LANG else str(key): str(value) for key, value in node.attrib.items()}
    children = [_element(child, depth + 1) for child in node if isinstance(child.tag, str)]
    return Element(_SPACES.get(name.namespace or "", ""), name.localname, attributes, children, _text(node))


def _text(node: Any) -> str:
    return (node.text or "") + "".join(child.tail or "" for child in node)
