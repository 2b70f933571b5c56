"""The session of somebody who is signed in: how they proved who they are, how long it lasts, what it opens yet."""

from pehra.access.sessions.proofs import Authentication, Strength, authentication_of, sid_of

__all__ = ["Authentication", "Strength", "authentication_of", "sid_of"]
