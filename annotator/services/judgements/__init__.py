"""What people say of steps, spans and traces: labels, alternatives, outcomes, comments, submissions."""
