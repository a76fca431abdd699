"""How good the judging is: gold answers and screening exams."""
