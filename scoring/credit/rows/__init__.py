"""The rows of the credit methods, by what a family of methods needs; nothing is computed here."""
