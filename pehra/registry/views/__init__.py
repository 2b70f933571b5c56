"""Pages of the registry: the directory, and how organisations stand against identity controls."""
