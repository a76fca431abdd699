"""Queues: their gates, and how far they are."""
