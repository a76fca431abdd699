"""Attributions of a path: stored ones, the running reward, what may be used, and how they are told."""
