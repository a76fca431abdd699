"""Django database backend of the embedded PostgreSQL: it starts at the first connection."""
