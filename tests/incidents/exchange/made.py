"""Documents made by Hypothesis, with everything that a format must carry."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from pehra.incidents.rules.documents import IncidentDocument, Party, PartyRole, Seen, Side
from pehra.kernel import rsit
from pehra.kernel.markings import Pap, Tlp
from pehra.kernel.observables import parse

BEGIN = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
OBSERVABLES = (
    "192.0.2.7",
    "2001:db8::7",
    "198.51.100.0/24",
    "2001:db8:7::/48",
    "AS64500",
    "portal.example",
    "https://portal.example/login?next=%2Fa",
    "desk@hospital.example",
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "ab" * 64,
    "CVE-2024-3094",
)
MEASURES = ["users-affected", "downtime-hours"]
MOMENTS = ["occurrence", "discovery", "awareness", "handling_end", "reported"]
words = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=40
).map(lambda text: " ".join(text.split()))
lines = words.filter(bool)
moments = st.integers(0, 10**6).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
sights = st.lists(
    st.builds(Seen, observable=st.sampled_from(OBSERVABLES).map(parse), side=st.sampled_from(Side)),
    max_size=8,
    unique_by=lambda seen: seen.observable,
).map(tuple)
parties = st.builds(
    Party,
    role=st.sampled_from([PartyRole.VICTIM, PartyRole.REPORTER]),
    name=lines,
    is_person=st.booleans(),
    email=st.sampled_from(["", "desk@hospital.example"]),
    sector=st.sampled_from(["", "health"]),
    territory=st.sampled_from(["", "punjab"]),
)
creator = st.builds(Party, role=st.just(PartyRole.CREATOR), name=lines, email=st.just("cert@team.example"))
rsit_words = st.sampled_from([("", "")] + [(name, kind) for name, kinds in rsit.CLASSES.items() for kind in kinds])


@st.composite
def documents(draw: st.DrawFn, tlps: tuple[Tlp, ...] = tuple(Tlp)) -> IncidentDocument:
    """Return a document such as ours are: every part said or not."""
    taxonomy, kind = draw(rsit_words)
    return IncidentDocument(
        issuer="cert.team.example",
        reference="PK-2026-000123",
        written_at=draw(moments),
        title=draw(lines),
        tlp=draw(st.sampled_from([None, *tlps])),
        pap=draw(st.sampled_from([None, *Pap])),
        description=draw(st.lists(lines, max_size=3).map("\n".join)),
        language=draw(st.sampled_from(["en", "ur"])),
        state=draw(st.sampled_from(["", "new", "open", "contained", "closed", "dismissed"])),
        taxonomy=taxonomy,
        type=kind,
        severity=draw(st.sampled_from(["", "low", "critical"])),
        gravity=draw(st.none() | st.integers(0, 100)),
        attributes=(attributes := draw(st.sampled_from([None, (), ("ransomware",), ("campaign", "cross-border")]))),
        attributes_absent=()
        if attributes is None
        else draw(st.sampled_from([(), ("breach-established", "widespread")])),
        impact=draw(st.dictionaries(st.sampled_from(MEASURES), st.integers(0, 10**9).map(float))),
        moments=draw(st.dictionaries(st.sampled_from(MOMENTS), moments)),
        parties=(draw(creator), *draw(st.lists(parties, max_size=3, unique_by=lambda p: (p.role, p.name)))),
        observables=draw(sights),
        references=draw(st.sampled_from([(), ("https://cert.example/advisory/1",), ("csirt.example 4711",)])),
        exercise=draw(st.booleans()),
    )
