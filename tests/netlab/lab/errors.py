class LabError(Exception):
    """The lab could not do what was asked; the text says why, for people."""
