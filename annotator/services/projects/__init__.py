"""Projects: made, adopted, changed, deleted, and the sample."""
