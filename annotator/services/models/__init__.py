"""Reward models: their rows, what a training may start from, and the scores they gave."""
