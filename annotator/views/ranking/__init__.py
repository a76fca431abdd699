"""Ranking in the browser: three surfaces, the lists of places, the editor of criteria."""
