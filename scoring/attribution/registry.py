"""The attribution methods by key: what they can do, what they take, and running them. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scoring.attribution.estimate import estimate_row
from scoring.attribution.rows import ROWS
from scoring.errors import AttributionError
from scoring.params import checked
from scoring.registry import find_row, load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scoring.attribution.base import Attribution, Estimate, MethodRow
    from scoring.reward.shape import Shape

NEEDS: dict[str, str] = {
    "value": "one number that the model reads off a path in one pass (not a judge's answer, nor sums or "
    "probabilities of tokens)",
    "heads": "a reward per criterion (the kind multi_head)",
}
"""What methods name in ``needs``, in words."""
REASONS: dict[str, str] = {
    "judge": "A judge answers in words from another server: there is no number inside it to take apart.",
    "implicit_prm": "Its reward is a sum over tokens already: what each token adds is the log-ratio itself "
    "(the signal log_ratio, and the running scores of its steps).",
    "likelihood": "It gives the probability of a reference answer of several tokens, which is not read off "
    "the path at one place.",
}
"""Kinds that no method can take apart, and why."""
SEQUENCE = (
    "It reads all answers to a problem one after another, so no path has a value of its own. Train the "
    "kind listwise with reading=tree."
)

METHODS: dict[str, MethodRow] = {row.key: row for row in ROWS}
DEFAULT = next(row.key for row in ROWS if row.free)
"""The method that is there, without a job, as soon as a path is scored."""


def why_not(key: str, kind: str, settings: Mapping[str, Any] | None = None) -> str:
    """Return why a method cannot be used with models of a kind; "" if it can.

    Args:
        key: a key of ``METHODS``.
        kind: a key of ``scoring.reward.registry.ALL``.
        settings: the model's config, as its manifest holds it.

    Raises:
        UnknownNameError: there is no such method.
    """
    row = find_row(METHODS, "attribution method", key)
    if kind in REASONS:
        return REASONS[kind]
    if kind == "listwise" and (settings or {}).get("reading") == "sequence":
        return SEQUENCE
    if "heads" in row.needs and kind != "multi_head":
        return "The model has one number and no heads by criterion: there is nothing to split."
    return ""


def attribute(
    key: str,
    model: Any,
    problem_text: str,
    steps: Sequence[str],
    *,
    progress: Callable[[float], None] | None = None,
    **params: Any,
) -> Attribution:
    """Say what each token and step of one path did for its reward.

    Args:
        key: a key of ``METHODS``.
        model: what ``scoring.reward.load`` opened.
        problem_text: the prompt.
        steps: texts of the steps, from the first; at least one.
        progress: called with the share that is done, before every pass; what it raises stops the work.
        **params: parameters of the method; the others keep their defaults.

    Raises:
        UnknownNameError: a method or parameter that does not exist; names the known ones.
        ParameterError: a value outside its range.
        AttributionError: the model or path cannot be taken apart like this; says why.
        AlignmentError: tokens and text do not line up; names the first place.
        OutOfMemoryError: half as many rows at a time did not fit either.
    """
    row = find_row(METHODS, "attribution method", key)
    values = parameters(row, params)
    if not steps:
        raise AttributionError("The path has no step yet, so there is nothing to give credit to.")
    run: Callable[..., Attribution] = load_target("scoring.attribution.run:run")
    return run(row, model, problem_text, tuple(steps), values, progress)


def estimate(key: str, model_shape: Shape, n_tokens: int, n_steps: int, **params: Any) -> Estimate:
    """Say what ``attribute`` will take, without opening anything.

    Args:
        key: a key of ``METHODS``.
        model_shape: from ``scoring.reward.shape``.
        n_tokens: T, tokens of the path.
        n_steps: K.
        **params: as for ``attribute``.

    Raises:
        UnknownNameError, ParameterError: as for ``attribute``.
    """
    row = find_row(METHODS, "attribution method", key)
    return estimate_row(row, model_shape, n_tokens, n_steps, parameters(row, params))


def parameters(row: MethodRow, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value after checking ``given``."""
    return checked(row.key, row.params, given)
