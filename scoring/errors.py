"""Errors of the pure core.

ScoringError
├── TreeError               records that are not one rooted tree
├── ColumnError             a cell that a method cannot read; names the column and the node
├── UnknownNameError        a registry key or parameter that does not exist; names the known ones
├── ParameterError          a parameter's value is outside its range; names the range
├── MissingInputError       a method lacks an input; names it and how to get it
├── PackingError            packed scores differ from plain ones, or a model cannot be packed
├── AgreementError          judgements that cannot be compared (an annotator twice on one item …)
├── EvaluationError         records that no number can be computed from (an id twice, two protocols …)
├── AlignmentError          tokens do not re-join to the text
├── AttributionError        a model or path that a method cannot take apart; says why
├── ModelLoadError          an artefact or base model that cannot be used
├── RankingError            a ranking or its criteria that cannot be read; names the item
├── UndefinedError          the data cannot give the number asked for; the message says why
├── JudgeError              a generative judge
│   ├── JudgeEndpointError  its server cannot be reached or refuses
│   │   └── JudgeCapError   the next request could cost more than is left
│   └── JudgeAnswerError    an answer that cannot be read as verdicts
├── CheckerError            a checker's program cannot be started
├── TrainingError           a run that cannot start or go on (no labels, one class, NaN loss …)
├── ProcessLostError        one of a run's processes died; the run can go on from what it saved
├── OutOfMemoryError        half the tokens at a time did not fit either; says what takes less
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


class ColumnError(ScoringError):
    """A cell of a column holds what its method cannot read; the message names column and node."""

    code = "column"


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


class AgreementError(ScoringError):
    """Judgements that cannot be compared; the message names the one that is wrong."""

    code = "agreement"


class EvaluationError(ScoringError):
    """Records that contradict each other or the suite's protocol; the message names the one."""

    code = "evaluation"


class AlignmentError(ScoringError):
    """Tokens and text do not line up; the message carries the first offset."""

    code = "alignment"


class AttributionError(ScoringError):
    """A method cannot take this model or path apart; the message says why."""

    code = "attribution"


class ModelLoadError(ScoringError):
    """A base model or artefact cannot be loaded."""

    code = "model_load"


class RankingError(ScoringError):
    """A ranking or its criteria do not hold together; ``item`` is the id it is about, if any."""

    code = "ranking"

    def __init__(self, message: str, item: int | None = None) -> None:
        self.item = item
        super().__init__(message)


class UndefinedError(ScoringError):
    """The data cannot give the number asked for; the message says why, for "undefined because …"."""

    code = "undefined"


class CheckerError(ScoringError):
    """The program that a checker asks cannot be started; the message names the way out."""

    code = "checker"


class JudgeError(ScoringError):
    """A generative judge cannot go on."""

    code = "judge"


class JudgeEndpointError(JudgeError):
    """The server of a judge cannot be used; the message names the way out.

    ``reason`` counts failures of one sort together; ``lasting`` says that no other question would
    fare better.
    """

    code = "judge_endpoint"

    def __init__(self, message: str, *, reason: str, lasting: bool = False) -> None:
        self.reason = reason
        self.lasting = lasting
        super().__init__(message)


class JudgeCapError(JudgeEndpointError):
    """The next request could cost more than is left of the cap."""

    code = "judge_cap"

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="the cap was reached", lasting=True)


class JudgeAnswerError(JudgeError):
    """A judge's answer that does not say what was asked for; ``reason`` as above."""

    code = "judge_answer"

    def __init__(self, message: str, *, reason: str) -> None:
        self.reason = reason
        super().__init__(message)


class TrainingError(ScoringError):
    """Training cannot start or cannot go on."""

    code = "training"


class ProcessLostError(ScoringError):
    """One of the processes of a run died; what was saved is kept, and the next attempt goes on from it."""

    code = "worker_lost"


class OutOfMemoryError(ScoringError):
    """There is not enough memory, with half the budget either."""

    code = "out_of_memory"


class CancelledError(ScoringError):
    """The job was cancelled; what was saved so far stays."""

    code = "cancelled"
