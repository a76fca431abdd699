"""Load from the database, compute with the pure core, store through services: one run per job."""
