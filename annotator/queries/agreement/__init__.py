"""Reads for agreement: which judgements a report is about, the judgements, and the stored reports."""
