"""How far two models are apart as rewards: ``distance``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scoring.evaluation.protocol import Protocol
from scoring.evaluation.records import Records
from scoring.evaluation.registry import distance_row
from scoring.evaluation.run import DEFAULT, Report, reported
from scoring.evaluation.trees import trees
from scoring.evaluation.usable import scored_by_both

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scoring.evaluation.records import Record
    from scoring.resample import Resampling


def distance(
    key: str,
    first: Iterable[Record],
    second: Iterable[Record],
    *,
    resampling: Resampling = DEFAULT,
    **params: Any,
) -> Report:
    """Compute a distance between two models' step scores of the same records.

    Solutions with an unscored step are left out; problems with one solution add nothing, see
    ``trees``.

    Args:
        key: of the distance.
        first: one model's records.
        second: the same records by the other.
        resampling: how the interval is made.
        params: of the distance, see its row.

    Raises:
        EvaluationError: if the records differ in anything but scores.
        MissingInputError: if no record is scored by both.
    """
    row = distance_row(key)
    settings = row.settings(params)
    one, two, notes = scored_by_both(row, Records.of(first), Records.of(second), settings)
    given = {name: value for name, value in settings.items() if name != "reward"}
    joined = trees(one, two, signed=settings["reward"] == "signed")
    found = row.load()(joined, n_problems=len(one.problems), **given)
    protocol = Protocol(row.key, row.version, settings, one.digest())
    return reported(found, protocol, {}, notes, len(one), resampling)
