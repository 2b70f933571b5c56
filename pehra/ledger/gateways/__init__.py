"""What the ledger keeps outside the database: its signing key."""
