"""The people of the sample: one of each sort who meets on an incident."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CastMember:
    """Somebody of the sample, with one role in one scope."""

    email: str
    name: str
    name_local: str
    language: str
    role: str
    team: str = ""
    organisation: str = ""
    guided: bool = False
    national: bool = False
    council: bool = False


def cast(*, national_team: str, sector_team: str, provincial_team: str, organisation: str) -> tuple[CastMember, ...]:
    """Return the sample's people for these teams and this organisation."""
    return (
        CastMember(
            email="amna@national.example",
            name="Amna, duty officer",
            name_local="آمنہ، ڈیوٹی افسر",
            language="en",
            role="duty-officer",
            team=national_team,
        ),
        CastMember(
            email="bilal@sector.example",
            name="Bilal, sector analyst",
            name_local="بلال، شعبہ جاتی تجزیہ کار",
            language="en",
            role="duty-officer",
            team=sector_team,
        ),
        CastMember(
            email="chandni@province.example",
            name="Chandni, provincial handler",
            name_local="چاندنی، صوبائی اہلکار",
            language="ur",
            role="incident-handler",
            team=provincial_team,
        ),
        CastMember(
            email="danish@organisation.example",
            name="Danish, organisation contact",
            name_local="دانش، ادارے کا رابطہ کار",
            language="ur",
            role="organisation-contact",
            organisation=organisation,
        ),
        CastMember(
            email="erum@council.example",
            name="Erum, council member",
            name_local="ارم، رکن کونسل",
            language="en",
            role="council-member",
            council=True,
        ),
        *_who_give(national_team=national_team, organisation=organisation),
    )


def _who_give(*, national_team: str, organisation: str) -> tuple[CastMember, ...]:
    """Return who gives roles: two leads, so that what needs two people can be tried, an admin, and an operator."""
    return (
        CastMember(
            email="farah@national.example",
            name="Farah, national team lead",
            name_local="فرح، قومی ٹیم کی سربراہ",
            language="en",
            role="team-lead",
            team=national_team,
            guided=True,
        ),
        CastMember(
            email="ghazi@national.example",
            name="Ghazi, second national lead",
            name_local="غازی، قومی ٹیم کے دوسرے سربراہ",
            language="ur",
            role="team-lead",
            team=national_team,
            guided=True,
        ),
        CastMember(
            email="hina@organisation.example",
            name="Hina, organisation admin",
            name_local="حنا، ادارے کی منتظم",
            language="en",
            role="organisation-admin",
            organisation=organisation,
        ),
        CastMember(
            email="imran@platform.example",
            name="Imran, platform operator",
            name_local="عمران، نظام کے منتظم",
            language="en",
            role="platform-operator",
            national=True,
        ),
    )
