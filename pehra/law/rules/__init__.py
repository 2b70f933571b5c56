"""Pure rules of `law`: text to records, records and facts to answers. No file, no clock, no Django."""
