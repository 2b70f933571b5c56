"""What the tests of leaks share: a small country with mail domains, and its people."""

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from uuid import UUID

from pehra.access import api as access
from pehra.access.models import Person
from pehra.kernel.actors import Actor, system
from pehra.registry import api as registry
from pehra.signals import api

FILES = {
    "organisations": """organisation,name,name_local,sector,territory,classes
org-0001,Meadow Hospital,میڈو ہسپتال,health,punjab,cii;private
org-0002,River Telecom,ریور ٹیلی کام,telecom,sindh,licensee;private
org-0003,Registry of Deeds,رجسٹری آف ڈیڈز,government,punjab,public-body
""",
    "assets": """type,value,organisation,relation,valid_from,valid_to
domain,meadow.example,org-0001,developed,,
domain,river.example,org-0002,developed,,
domain,deeds.example,org-0003,developed,,
domain,gov-mail.example,,,,
""",
    "contacts": """organisation,role,name,email,language
org-0001,security,Desk of Meadow,security@meadow.example,ur
org-0002,security,Desk of River,security@river.example,en
org-0003,security,Desk of Deeds,security@deeds.example,en
""",
}
CAST = {
    "telecom": {"role": "analyst", "team": "ntcert"},
    "national": {"role": "duty-officer", "team": "pkcert"},
    "punjab": {"role": "incident-handler", "team": "punjab-cert"},
    "auditor": {"role": "auditor", "team": "ntcert"},
    "contact": {"role": "organisation-contact", "organisation": "org-0002"},
    "admin": {"role": "organisation-admin", "organisation": "org-0002"},
    "operator": {"role": "platform-operator", "national": True},
    "council": {"role": "council-member", "council": True},
}
MACHINE = system("test")


@dataclass(frozen=True)
class Nation:
    """The cast of the small country, by name."""

    people: dict[str, UUID]
    at: datetime

    def actor(self, who: str) -> Actor:
        """Somebody of the cast as an actor."""
        return access.actor_for(person_id=self.people[who], at=self.at)


def lay_out(folder: Path, at: datetime) -> Nation:
    """Register the country and its people; `telecom` signs in at `telecom@river.example`."""
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    registry.load_profile(by=MACHINE, at=long_ago)
    for kind, text in FILES.items():
        file = folder / f"{kind}.csv"
        file.write_text(text)
        summary = registry.import_csv(path=file, kind=kind, by=MACHINE, at=long_ago)
        assert not summary.rejected, summary.rejected
    people = {}
    for name, role in CAST.items():
        email = f"{name}@{'river' if name in ('telecom', 'contact', 'admin') else 'desk'}.example"
        people[name] = access.add_person(email=email, name=name.title(), by=MACHINE, at=long_ago)
        access.grant(person_id=people[name], reason="of the cast", by=MACHINE, at=long_ago, **role)
    return Nation(people=people, at=at)


def give_password(person_id: UUID, password: str) -> None:
    """Let somebody have a password, as they would choose one on their page."""
    person = Person.objects.get(id=person_id)
    person.set_password(password)
    Person.objects.filter(id=person_id).update(password=person.password)


def take(text: str | bytes, *, at: datetime, by: Actor = MACHINE, source: str = "Combo list 7", **more) -> api.LeakView:
    """Hand in a leak of these lines."""
    content = text.encode() if isinstance(text, str) else text
    return api.receive_leak(content=BytesIO(content), source=source, by=by, at=at, **more)
