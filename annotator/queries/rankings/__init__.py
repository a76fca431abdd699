"""Preference rankings as people see them: places, items, orders, questions, strengths."""
