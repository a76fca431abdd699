"""How well people judge: gold, exams, the work of each, and what seeing scores does."""
