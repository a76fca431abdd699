"""Rows as the JSON that ``serializers`` describes; plain dicts, because pages of rows are hot."""
