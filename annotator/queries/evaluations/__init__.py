"""Reads of evaluations: which there are, what they found, and whether that still holds."""
