"""The words every part speaks. Pure: no Django, no database, no network, no files; time is read in `clock` alone."""
