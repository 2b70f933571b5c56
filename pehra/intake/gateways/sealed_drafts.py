"""What somebody without an account has typed so far, sealed so that only their own link opens it.

AES-256-GCM under a key that follows from the 256 random bits in the link; the row is found by another digest of the
same bits. Neither is kept, so a copy of the table tells nothing to anybody.
"""

import json
import secrets
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET_BYTES = 32
NONCE_BYTES = 12


def new_secret() -> str:
    """Return a new secret for a link."""
    return secrets.token_urlsafe(SECRET_BYTES)


def key_of(secret: str) -> str:
    """Return under which name a draft is kept."""
    return sha256(f"pehra.intake.draft.name\0{secret}".encode()).hexdigest()


def seal(secret: str, content: dict[str, Any]) -> bytes:
    """Return content that only the secret opens."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return nonce + _box(secret).encrypt(nonce, text.encode(), key_of(secret).encode())


def opened(secret: str, sealed: bytes) -> dict[str, Any] | None:
    """Return what was sealed; None for what another secret sealed, or what was changed."""
    try:
        text = _box(secret).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], key_of(secret).encode())
    except (InvalidTag, ValueError):
        return None
    content = json.loads(text)
    return content if isinstance(content, dict) else None


def _box(secret: str) -> AESGCM:
    return AESGCM(sha256(f"pehra.intake.draft.key\0{secret}".encode()).digest())
