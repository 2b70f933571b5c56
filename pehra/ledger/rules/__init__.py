"""The ledger's arithmetic: entries, tree, notes, proofs and the audit. Pure."""
