"""The door of `threads`: the only module that other parts import."""
