"""The rules of the house, as code: each takes a tree of files and says what breaks it."""
