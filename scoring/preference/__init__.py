"""Preference rankings: validation, pairs, induced order, strengths and contradictions. Numpy only."""
