"""Errors of the pure core.

ScoringError
├── TreeError               records that are not one rooted tree
├── UnknownNameError        a registry key or parameter that does not exist; names the known ones
├── ParameterError          a parameter's value is outside its range; names the range
├── MissingInputError       a method lacks an input; names it and how to get it
├── PackingError            packed scores differ from plain ones, or a model cannot be packed
├── AlignmentError          tokens do not re-join to the text
├── ModelLoadError          an artefact or base model that cannot be used
├── TrainingError           a run that cannot start or go on (no labels, one class, NaN loss …)
└── CancelledError          the user asked to stop; not a failure
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ScoringError(Exception):
    """Base of everything the core raises on purpose; ``code`` is stable, the message may change."""

    code = "scoring_error"


class TreeError(ScoringError):
    """The records do not form one rooted tree."""

    code = "tree"


class UnknownNameError(ScoringError):
    """No entry of that name; the message lists the known ones."""

    code = "unknown_name"

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"no {what} called '{name}'; known: {', '.join(self.known)}")


class ParameterError(ScoringError):
    """A parameter has a value it cannot take; the message says which ones it can."""

    code = "parameter"

    def __init__(self, method: str, name: str, value: object, allowed: str) -> None:
        self.name = name
        super().__init__(f"'{name}' of '{method}' must be {allowed}, not {value!r}")


class MissingInputError(ScoringError):
    """A method needs something the tree does not carry."""

    code = "missing_input"

    def __init__(self, method: str, missing: Iterable[str], hint: str = "") -> None:
        self.missing = tuple(missing)
        tail = f" ({hint})" if hint else ""
        super().__init__(f"'{method}' needs {', '.join(self.missing)}{tail}")


class PackingError(ScoringError):
    """Packed tree scoring would give wrong numbers for this model."""

    code = "packing"


class AlignmentError(ScoringError):
    """Tokens and text do not line up; the message carries the first offset."""

    code = "alignment"


class ModelLoadError(ScoringError):
    """A base model or artefact cannot be loaded."""

    code = "model_load"


class TrainingError(ScoringError):
    """Training cannot start or cannot go on."""

    code = "training"


class CancelledError(ScoringError):
    """The job was cancelled; what was saved so far stays."""

    code = "cancelled"
