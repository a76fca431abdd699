"""The Quality page, gold answers and exams."""
