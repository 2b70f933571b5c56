"""How setting a contact's key is tried: on a contact that the place's organisation got, undone with the probe."""

from typing import Any

from pehra.kernel.actors import Actor
from pehra.registry import api as registry
from pehra.registry.models import Contact
from tests.matrix.probes import Probe, acts
from tests.matrix.world import AT, Place


def _set(place: Place, by: Actor) -> Any:
    email = f"abuse@{place.name}.example"
    Contact.objects.create(organisation_id=place.organisation, role="abuse", email=email)
    return registry.set_contact_key(holder=place.organisation, email=email, key="", by=by, at=AT)


PROBES: dict[str, Probe] = {"registry.set_contact_key": acts(_set)}
