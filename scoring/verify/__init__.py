"""Exact checkers: ``label_record`` judges the steps of a record that names its checker."""

from scoring.verify.registry import CHECKERS, CheckerRow, checker, label_record

__all__ = ["CHECKERS", "CheckerRow", "checker", "label_record"]
