"""Members of projects, and tokens of one person."""
