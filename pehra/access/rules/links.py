"""A one-time link's token: how it is kept, and looked up, so that the time of it says nothing of the token."""

import hashlib

TOKEN_BYTES = 32


def digest(token: str) -> str:
    """Return the SHA-256 under which a link's token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()
