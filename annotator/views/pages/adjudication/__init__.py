"""Adjudication: cases, what a reviewer sends, and the addresses of cases."""
