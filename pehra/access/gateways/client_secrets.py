"""How the secret of a relying service is kept: as a SHA-256, because it is 256 random bits and no password.

The slow hash that passwords need would cost each request for a token half a second, and would guard nothing: what
cannot be guessed need not be guessed slowly. Django's table of hashers finds it by its name.
"""

import hmac
from hashlib import sha256
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher


class RandomSecretHasher(BasePasswordHasher):
    """Hashes random secrets that we made; never used for what people choose."""

    algorithm = "pehra_random_sha256"

    def salt(self) -> str:
        """Return no salt: two random secrets are never the same."""
        return ""

    def encode(self, password: str, salt: str) -> str:
        """Return the secret as it is kept."""
        return f"{self.algorithm}${sha256(password.encode()).hexdigest()}"

    def decode(self, encoded: str) -> dict[str, Any]:
        """Return the parts of a kept secret."""
        algorithm, _dollar, digest = encoded.partition("$")
        return {"algorithm": algorithm, "hash": digest, "salt": ""}

    def verify(self, password: str, encoded: str) -> bool:
        """Whether this is the secret, in a time that does not say how much of it is right."""
        return hmac.compare_digest(self.encode(password, ""), encoded)

    def must_update(self, encoded: str) -> bool:
        """Never: there is nothing stronger to change to."""
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing: every check takes the same time."""

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """Return what may be shown: that there is one."""
        return {"algorithm": self.algorithm}
