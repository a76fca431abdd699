"""The sample project's seeded generators; their records are ours and carry no labels."""

from scoring.samples.arithmetic import Style, arithmetic, arithmetic_stream
from scoring.samples.game24 import game24

__all__ = ["Style", "arithmetic", "arithmetic_stream", "game24"]
