"""Forms as pure rules: what was typed, what it says, what is missing."""
