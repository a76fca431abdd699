"""Signing in, one's own tokens, and the members of a project."""
