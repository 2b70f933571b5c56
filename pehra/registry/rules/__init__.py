"""The registry's rules: pure functions over values and columns."""
