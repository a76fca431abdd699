"""Pages for reading: comparisons, disagreements, figures and overviews. Nothing here writes."""
