"""Pages of `access`, a file a subject; `urls` says under which address each stands."""
