"""The orders of queues: one file and one row in ``registry`` each."""
