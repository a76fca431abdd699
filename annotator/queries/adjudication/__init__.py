"""Where people differ, and one case as a reviewer reads it."""
