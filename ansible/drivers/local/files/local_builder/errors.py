"""What can go wrong with a builder."""


class BuilderError(Exception):
    """Something that the caller has to know; the message says what to do."""
