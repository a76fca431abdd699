"""Pages of evaluations: asking for one, its numbers and pictures, two models side by side."""
