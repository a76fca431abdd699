"""What a suite takes and gives, and what menus need to know of it without loading it.

A suite is a function ``(records, **params) -> Findings``. A finding is a ``Measure``: a statistic of
sums over problems. That one form gives the number, its interval, its difference from a baseline or
from another model, and the paired test, so no suite computes any of these itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scoring.errors import ParameterError, UnknownNameError
from scoring.registry import load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.evaluation.records import Floats
    from scoring.params import Param
    from scoring.resample import Estimate

# Inputs that rows name in ``needs``, each with the way to get it.
INPUTS = {
    "step_scores": "score every step with the model",
    "labelled_scores": "label steps, and score them with the model",
    "first_error": "judge solutions up to their first wrong step",
    "step_labels": "label the steps",
    "outcome": "score whole solutions, or name an aggregation of step scores",
    "correct": "say which solutions are right",
    "edited_scores": "score edited solutions with the model",
    "preferred": "rank solutions or steps",
    "states": "have the model read the solutions",
    "reward": "say which solutions are right, or give their gold reward",
}


@dataclass(frozen=True, eq=False, slots=True)
class Measure:
    """A statistic of sums over problems.

    Attributes:
        key: unique in the suite; numbers of two models are compared by it.
        label: what a person reads.
        parts: ``(P, C)`` what each problem adds.
        statistic: of ``(B, C)`` sums, ``(B,)``; NaN where it has no value.
        n: units that the value rests on.
        unit: what they are, in the plural.
        undefined: why there is no value, should there be none.
        split: the class or split it is of, "" for all.
        series: the curve it is a point of, "" if of none.
        x: its place on the curve.
        chance: what guessing gives, None where that has no meaning.
        compared: whether baselines and other models are set beside it.
        exchangeable: whether swapping two models' parts of a problem makes sense.
    """

    key: str
    label: str
    parts: Floats
    statistic: Callable[[Floats], Floats]
    n: int
    unit: str
    undefined: str = "undefined because there is nothing to count"
    split: str = ""
    series: str = ""
    x: float | None = None
    chance: float | None = None
    compared: bool = True
    exchangeable: bool = True


@dataclass(frozen=True, eq=False, slots=True)
class Findings:
    """What a suite found.

    Attributes:
        measures: in the order they are shown.
        fitted: what was fitted on the data, such as a threshold or a temperature.
        notes: what a reader must know.
    """

    measures: tuple[Measure, ...]
    fitted: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Against:
    """A baseline on the same records.

    Attributes:
        value: the baseline's number.
        difference: the model's number minus it, on the same resampled problems.
    """

    value: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Number:
    """One number as it is shown, stored and compared.

    Attributes:
        key: of the measure.
        label: what a person reads.
        estimate: value and interval, or the reason why there is none.
        unit: what ``estimate.n`` counts.
        n_problems: problems that it rests on.
        protocol: numbers are comparable if their key and this are equal.
        split: the class or split it is of, "" for all.
        series: the curve it is a point of, "" if of none.
        x: its place on the curve.
        chance: what guessing gives.
        baselines: by name, ``length`` and ``format``; empty where texts are unknown.
    """

    key: str
    label: str
    estimate: Estimate
    unit: str
    n_problems: int
    protocol: str
    split: str = ""
    series: str = ""
    x: float | None = None
    chance: float | None = None
    baselines: Mapping[str, Against] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture of a report: which of its numbers, and what stands at the axes.

    Attributes:
        title: what a person reads above it.
        y: what the values are.
        curves: ``(series, label)`` of the curves in it; empty for bars.
        bars: what the keys of its numbers start with, up to ``:`` or ``@``: one bar for each split.
        x: what the places on a curve are.
        log: whether x is drawn on a logarithmic scale.
        diagonal: whether the line y = x belongs into it.
        beside: whether the baselines are drawn too.
        unit: whether values lie between 0 and 1.
    """

    title: str
    y: str
    curves: tuple[tuple[str, str], ...] = ()
    bars: str = ""
    x: str = ""
    log: bool = False
    diagonal: bool = False
    beside: bool = False
    unit: bool = True


@dataclass(frozen=True, slots=True)
class SuiteRow:
    """What menus, docs and tests need to know about a suite or distance without loading it.

    Attributes:
        key: stored with every number, never renamed.
        label: what a person reads in the menu.
        target: ``module:function``.
        version: raised when the same scores would give other numbers.
        needs: what a record must have, keys of ``INPUTS``; others are left out and counted.
        source: where the protocol was published, or that it is a choice of this project.
        description: one sentence for the menu.
        formula: what its numbers are, in a few sentences.
        params: its parameters with defaults; they are part of the protocol.
        competing: whether a group without all its scores is left out as a whole.
        level: what a baseline predicts, ``steps`` or ``outcome``; ``pairs`` to predict
            preferences; or ``states``, which it takes the place of.
        plots: pictures of its report, the most telling first.
        main: key of the number that stands for the report in a list, up to ``:`` or ``@``.
    """

    key: str
    label: str
    target: str
    version: str
    needs: tuple[str, ...]
    source: str
    description: str
    formula: str
    params: tuple[Param, ...] = ()
    competing: bool = False
    level: str = "steps"
    plots: tuple[Plot, ...] = ()
    main: str = ""

    def load(self) -> Any:
        """Import the function."""
        return load_target(self.target)

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter's value after checking ``given``.

        Raises:
            UnknownNameError: for a parameter that it does not have.
            ParameterError: for a value outside the parameter's range.
        """
        known = {param.name: param for param in self.params}
        for name in given:
            if name not in known:
                raise UnknownNameError(f"parameter of '{self.key}'", name, known)
        return {
            name: self._checked(param, given.get(name, param.default))
            for name, param in known.items()
        }

    def _checked(self, param: Param, value: Any) -> Any:
        """Return a value in the type of the default, so that equal settings hash alike."""
        whole = isinstance(param.default, int)
        if not param.allows(value) or (whole and value != int(value)):
            allowed = param.range.replace("a number", "a whole number") if whole else param.range
            raise ParameterError(self.key, param.name, value, allowed)
        return value if param.default is None else type(param.default)(value)
