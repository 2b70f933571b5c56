"""Pages of incidents, one file a subject."""
