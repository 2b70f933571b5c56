"""How far an incident reaches, beyond its numbers: services, regions of the country, other countries."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pehra.kernel.refusals import Invalid
from pehra.kernel.sentences import Sentence

LISTS = ("services", "regions", "countries")
SERVICES_MAX = 50
SERVICE_CHARACTERS_MAX = 200
COUNTRIES_MAX = 250
_COUNTRY = re.compile(r"[A-Z]{2}")  # ISO 3166-1, alpha-2


@dataclass(frozen=True, kw_only=True)
class Impact:
    """Complete lists; an empty one says that there is none."""

    services: tuple[str, ...]
    regions: tuple[str, ...]
    countries: tuple[str, ...]

    @classmethod
    def of(cls, *, services: Sequence[str], regions: Iterable[str], countries: Iterable[str]) -> "Impact":
        """Read what people write; refuse a service without a name, too many, and what is no country's code."""
        named = tuple(dict.fromkeys(service.strip() for service in services if service.strip()))
        if len(named) > SERVICES_MAX:
            raise Invalid(Sentence("at most %(n)s services", n=SERVICES_MAX), field="services")
        for service in named:
            if len(service) > SERVICE_CHARACTERS_MAX or "\x00" in service:
                raise Invalid(
                    Sentence("a service has a name of at most %(n)s characters", n=SERVICE_CHARACTERS_MAX),
                    field="services",
                )
        written = {country.strip() for country in countries if country.strip()}
        for word in sorted(written):
            if not _COUNTRY.fullmatch(word.upper()):
                raise Invalid(
                    Sentence("%(word)s is no country's code of two letters (ISO 3166-1)", word=word), field="countries"
                )
        codes = sorted({word.upper() for word in written})
        where = tuple(sorted({region.strip() for region in regions if region.strip()}))
        return cls(services=named, regions=where, countries=tuple(codes[:COUNTRIES_MAX]))

    def as_json(self) -> dict[str, list[str]]:
        """Return the lists as they are kept."""
        return {name: list(getattr(self, name)) for name in LISTS}
