"""Rankings, the criteria that people rank by, and what is said of contradictions."""
