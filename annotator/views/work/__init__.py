"""The annotator's item: served, worked on, submitted."""
