"""Pages and addresses of signals, one file a subject."""
