"""Which person acts: services and Pehra itself keep no desk."""

from uuid import UUID

from pehra.kernel.actors import Actor, ActorKind


def person_of(actor: Actor) -> UUID | None:
    """Return the acting person's id, or nothing when no person acts."""
    return UUID(actor.id) if actor.kind is ActorKind.PERSON else None
