"""Pages of findings, one file a subject."""
