"""The network lab: see ../README.md. `Lab` is the whole of it."""

from .lab import Lab, LabError, remove_orphans, why_impossible

__all__ = ["Lab", "LabError", "remove_orphans", "why_impossible"]
