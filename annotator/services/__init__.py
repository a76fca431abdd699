"""Every write, by noun; keyword-only and atomic."""
