"""The doors at which programs of other systems post their alerts unchanged. Who comes in is said by an API token."""
