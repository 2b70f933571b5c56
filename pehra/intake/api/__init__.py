"""The door of `intake`: the only module that other parts import."""
