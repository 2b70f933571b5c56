"""Pehra (پہرہ, "the watch"): every incident in the country has an owner, a clock and a proof."""

__version__ = "0.1.0"
