"""What the pages need beside the source: the Urdu fonts. `pehra.node.prepare` calls this at set-up."""

from pehra.web import fonts


def prepare() -> None:
    """Fetch the fonts; without a network this says so and goes on."""
    fonts.main()
