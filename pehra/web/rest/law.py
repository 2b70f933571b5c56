"""The law for programs: whose law is followed, its words, and what it rests on. It lies below access."""

from dataclasses import dataclass

from django.conf import settings
from ninja import Router

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.law import api

router = Router()


@dataclass(frozen=True, kw_only=True)
class Word:
    """A code with its names in English and in the country's language."""

    code: str
    name: str
    name_local: str


@dataclass(frozen=True, kw_only=True)
class LawInUse:
    """The profile that this node follows: the codes that filters take, and each source with what rests on it."""

    name: str
    version: str
    country: str
    timezone: str
    teams: tuple[Word, ...]
    sectors: tuple[Word, ...]
    territories: tuple[Word, ...]
    severity_levels: tuple[str, ...]
    sources: tuple[api.SourceUse, ...]


@router.get("", response=LawInUse, operation_id="law.one", summary="The law that is followed")
def one(request: Request) -> LawInUse:
    """Its words and its sources."""
    access.require(request.actor, Permission.LAW_READ)
    profile = api.load(settings.PEHRA_PROFILE)
    return LawInUse(
        name=profile.name,
        version=profile.version,
        country=profile.identity.country,
        timezone=profile.identity.timezone,
        teams=tuple(Word(code=team.code, name=team.name, name_local=team.name_local) for team in profile.teams),
        sectors=tuple(Word(code=row.code, name=row.name, name_local=row.name_local) for row in profile.sectors),
        territories=tuple(Word(code=row.code, name=row.name, name_local=row.name_local) for row in profile.territories),
        severity_levels=tuple(profile.severity_levels),
        sources=api.sources(profile),
    )
