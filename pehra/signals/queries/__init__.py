"""Reading what this part keeps, a file a subject."""
