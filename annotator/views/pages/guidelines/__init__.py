"""The Guidelines pages, the error types, and the inbox of what was unclear."""
