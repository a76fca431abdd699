"""What people said of steps, spans and traces, as those who may read it see it."""
