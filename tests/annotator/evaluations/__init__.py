"""Evaluations of models: asking, computing, showing."""
