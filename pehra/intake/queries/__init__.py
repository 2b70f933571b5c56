"""Reading reports, through the wall."""

from pehra.intake.queries.finding import digest_of_token, for_change, named, reader, visible

__all__ = ["digest_of_token", "for_change", "named", "reader", "visible"]
