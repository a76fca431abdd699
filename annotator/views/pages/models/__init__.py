"""Reward models, and their held-out numbers as pages show them."""
