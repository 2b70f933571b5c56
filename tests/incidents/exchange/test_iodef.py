"""IODEF both ways: what we write validates against the published schemas and comes back whole; what others write is
read.

RFC 7970, RFC 8727; W2 of the requirements: a format that cannot carry a mark is refused.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from lxml import etree

from pehra.incidents.gateways import exchange
from pehra.incidents.rules.documents import Format, MarkNotCarried, PartyRole, Side, Unreadable
from pehra.kernel.markings import Tlp
from tests.incidents.exchange.made import BEGIN, documents

CARRIED = tuple(tlp for tlp in Tlp if tlp is not Tlp.AMBER_STRICT)
STUBS = {
    "iodef-enum-1.0.xsd": """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"
 targetNamespace="urn:ietf:params:xml:ns:iodef-enum-1.0"><xs:element name="ReferenceName"><xs:complexType><xs:sequence>
 <xs:element name="ID" type="xs:NCName"/></xs:sequence><xs:attribute name="specIndex" type="xs:integer" use="required"/>
 </xs:complexType></xs:element></xs:schema>""",
    "iodef-sci-1.0.xsd": """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
 targetNamespace="urn:ietf:params:xml:ns:iodef-sci-1.0"><xs:element name="AttackPattern"/>
 <xs:element name="Vulnerability"/><xs:element name="Weakness"/></xs:schema>""",
}


@pytest.fixture(scope="module")
def xml_schema(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> etree.XMLSchema:
    """The published XML schema, its four imports local: nothing is fetched."""
    folder = tmp_path_factory.mktemp("iodef")
    spec = find_spec("xmlschema")
    assert spec is not None
    assert spec.origin is not None
    for name in ("xml.xsd", "xmldsig-core-schema.xsd"):
        path = next((Path(spec.origin).parent / "schemas").rglob(name))
        (folder / name).write_text(re.sub(r"<!DOCTYPE.*?\]>", "", path.read_text(), flags=re.DOTALL))
    for name, text in STUBS.items():
        (folder / name).write_text(text)
    text = (shared_data / "exchange/iodef/iodef-2.0.xsd").read_text()
    text = re.sub(r'schemaLocation="[^"]*/([^"/]+)"', r'schemaLocation="\1"', text)
    (folder / "iodef.xsd").write_text(text)
    return etree.XMLSchema(etree.parse(str(folder / "iodef.xsd")))


@pytest.fixture(scope="module")
def json_schema(shared_data: Path) -> Callable[[object], None]:
    """The published JSON schema (draft 4)."""
    schema = json.loads((shared_data / "exchange/iodef/rfc8727-json-schema.json.txt").read_text())
    validator = jsonschema.Draft4Validator(schema)

    def validate(said: object) -> None:
        problems = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(said)]
        assert not problems, problems[:5]

    return validate


def test_what_we_write_in_xml_validates_and_comes_back_whole(xml_schema: etree.XMLSchema) -> None:
    @settings(max_examples=60, deadline=None, database=None)
    @given(documents(CARRIED))
    def both_ways(document) -> None:
        raw = exchange.written(document, Format.IODEF_XML)
        xml_schema.assertValid(etree.fromstring(raw))
        format, (again,) = exchange.read(raw)
        assert (format, again) == (Format.IODEF_XML, document)

    both_ways()


def test_what_we_write_in_json_validates_and_comes_back_whole(json_schema: Callable[[object], None]) -> None:
    @settings(max_examples=60, deadline=None, database=None)
    @given(documents(CARRIED))
    def both_ways(document) -> None:
        raw = exchange.written(document, Format.IODEF_JSON)
        json_schema(json.loads(raw))
        format, (again,) = exchange.read(raw)
        assert (format, again) == (Format.IODEF_JSON, document)

    both_ways()


def test_a_schema_that_would_take_anything_shows_nothing(
    xml_schema: etree.XMLSchema, json_schema: Callable[[object], None]
) -> None:
    document = _document()
    said = json.loads(exchange.written(document, Format.IODEF_JSON))
    said["Incident"][0]["restriction"] = "amber+strict"
    with pytest.raises(AssertionError):
        json_schema(said)
    raw = exchange.written(document, Format.IODEF_XML).replace(b'restriction="green"', b'restriction="blue"')
    assert not xml_schema.validate(etree.fromstring(raw))


@pytest.mark.parametrize("format", [Format.IODEF_XML, Format.IODEF_JSON])
def test_amber_strict_does_not_leave_in_a_format_without_a_word_for_it(format: Format) -> None:
    with pytest.raises(MarkNotCarried, match="TLP:AMBER\\+STRICT") as refused:
        exchange.written(replace(_document(), tlp=Tlp.AMBER_STRICT), format)
    assert "stix" in refused.value.message


def test_the_example_of_the_rfc_is_read(shared_data: Path) -> None:
    raw = (shared_data / "exchange/iodef/example_Section7_1.json").read_bytes()
    format, (document,) = exchange.read(raw)
    assert format is Format.IODEF_JSON
    assert (document.issuer, document.reference) == ("csirt.example.com", "492382")
    assert document.tlp is None, "private is no mark of TLP: who receives it decides"
    assert [(party.role, party.email) for party in document.parties] == [
        (PartyRole.CREATOR, "contact@csirt.example.com")
    ]


OTHERS = b"""<?xml version="1.0"?>
<IODEF-Document version="2.00" xml:lang="en" xmlns="urn:ietf:params:xml:ns:iodef-2.0">
 <Incident purpose="reporting" restriction="green" status="in-progress">
  <IncidentID name="csirt.example">189493</IncidentID>
  <StartTime>2026-11-23T10:00:00+05:00</StartTime>
  <GenerationTime>2026-11-24T09:00:00Z</GenerationTime>
  <Description>Host sends scans.
It has been seen for two days.</Description>
  <Assessment><IncidentCategory>rsit:information-gathering="scanner"</IncidentCategory>
   <SystemImpact severity="medium" type="unknown"/></Assessment>
  <Contact role="creator" type="organization"><ContactName>CSIRT of others</ContactName>
   <Email><EmailTo>cert@csirt.example</EmailTo></Email></Contact>
  <EventData restriction="amber">
   <Flow><System category="source"><Node><Address category="ipv4-addr">192.0.2.200</Address></Node>
     <Service ip-protocol="6"><Port>57</Port></Service></System>
    <System category="target"><Node><Address category="ipv4-net">192.0.2.16/28</Address></Node></System></Flow>
   <Expectation action="block-host"/>
  </EventData>
  <IndicatorData><Indicator><IndicatorID name="csirt.example" version="1">G1</IndicatorID>
   <Observable><BulkObservable type="domain-name"><BulkObservableList>kj290023j09r34.example
09ijk23jfj0k8.example</BulkObservableList></BulkObservable></Observable></Indicator></IndicatorData>
  <Surprise/>
 </Incident>
</IODEF-Document>"""


def test_what_others_write_is_read_with_sides_and_the_strictest_mark() -> None:
    _format, (document,) = exchange.read(OTHERS)
    assert document.title == "Host sends scans."
    assert document.tlp is Tlp.AMBER, "a part of it is marked more strictly than the whole"
    assert (document.taxonomy, document.type, document.gravity) == ("information-gathering", "scanner", 67)
    assert document.state == "open"
    assert document.moments["occurrence"].isoformat() == "2026-11-23T05:00:00+00:00"
    assert {(str(seen.observable), seen.side) for seen in document.observables} == {
        ("192.0.2.200", Side.SOURCE),
        ("192.0.2.16/28", Side.TARGET),
        ("kj290023j09r34.example", Side.RELATED),
        ("09ijk23jfj0k8.example", Side.RELATED),
    }
    assert "Incident/Surprise" in document.left_out


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b'<Record restriction="red"><RecordData/></Record>', id="around a list"),
        pytest.param(b'<EventReport restriction="red"/>', id="unknown"),
        pytest.param(b'<Surprise><Within restriction="ext-value" ext-restriction="TLP:RED"/></Surprise>', id="within"),
    ],
)
def test_a_mark_counts_wherever_it_stands(part: bytes) -> None:
    _format, (document,) = exchange.read(OTHERS.replace(b'<Expectation action="block-host"/>', part))
    assert document.tlp is Tlp.RED


BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<IODEF-Document version="2.00" xmlns="urn:ietf:params:xml:ns:iodef-2.0"><Incident>&b;</Incident></IODEF-Document>"""
FILE = b"""<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<IODEF-Document version="2.00" xmlns="urn:ietf:params:xml:ns:iodef-2.0"><Incident>&f;</Incident></IODEF-Document>"""
DEEP = b'<IODEF-Document xmlns="urn:ietf:params:xml:ns:iodef-2.0">' + b"<EventData>" * 200 + b"</EventData>" * 200
DEEP += b"</IODEF-Document>"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(BOMB, id="entities that expand"),
        pytest.param(FILE, id="a file of ours"),
        pytest.param(DEEP, id="nested"),
        pytest.param(OTHERS[:300], id="cut"),
        pytest.param(OTHERS.replace(b"<GenerationTime>2026", b"<GenerationTime>20x6"), id="no time"),
        pytest.param(OTHERS.replace(b">189493<", b"><"), id="no number"),
        pytest.param(b'{"version": "2.0", "Incident": []}', id="no incident"),
        pytest.param(b'{"version": "2.0", "Incident": [1]}', id="an incident that is none"),
        pytest.param(b'{"version": "2.0", "version": "2.0", "Incident": [{}]}', id="a key twice"),
        pytest.param(b'{"version": "2.0", "Incident": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", id="nested JSON"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        exchange.read(raw)


def _document():
    from pehra.incidents.rules.documents import IncidentDocument

    return IncidentDocument(
        issuer="cert.team.example", reference="PK-2026-000001", written_at=BEGIN, title="Matter", tlp=Tlp.GREEN
    )
