"""What happened: append-only, Merkle-provable, verifiable from nothing."""
