"""The Agreement page: its filters, and a report as rows and words."""
