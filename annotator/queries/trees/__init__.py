"""Problems and their trees: the list, whole trees as columns or records, one path at a time."""
