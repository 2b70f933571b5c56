"""The REST interface: one description, one way to answer and to refuse; its operations belong to the parts."""
