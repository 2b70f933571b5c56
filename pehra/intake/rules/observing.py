"""What an index finds an observable by, however long it is."""

from hashlib import sha256

from pehra.kernel.observables import ObservableType


def digest_of(type: str, value: str) -> str:
    """Return the digest of an observable in its normal form."""
    return sha256(f"{ObservableType(type).value}\0{value}".encode()).hexdigest()
