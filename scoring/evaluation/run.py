"""Run a suite on one model, or compare two: ``evaluate`` and ``compare``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from scoring.evaluation import baselines
from scoring.evaluation.base import Against, Number
from scoring.evaluation.intervals import difference, n_problems, number
from scoring.evaluation.paired import Difference, permuted
from scoring.evaluation.protocol import Protocol
from scoring.evaluation.records import Records
from scoring.evaluation.registry import suite
from scoring.evaluation.usable import scored_by_both, usable
from scoring.resample import Resampling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scoring.evaluation.base import Findings, Measure, SuiteRow
    from scoring.evaluation.records import Record

DEFAULT = Resampling()


@dataclass(frozen=True, slots=True)
class Report:
    """What a suite found on one model, ready to be shown, stored or sent.

    Attributes:
        protocol: what the numbers were computed by; its hash stands on every number.
        numbers: in the order they are shown.
        fitted: what was fitted on the data, such as a threshold or a temperature.
        notes: what a reader must know, such as how many records were left out.
        n_records: records used.
    """

    protocol: Protocol
    numbers: tuple[Number, ...]
    fitted: Mapping[str, float]
    notes: tuple[str, ...]
    n_records: int

    def __getitem__(self, key: str) -> Number:
        """Return the number called ``key``."""
        return next(found for found in self.numbers if found.key == key)

    def curve(self, series: str) -> tuple[Number, ...]:
        """Return the points of a curve in the order of x."""
        points = (found for found in self.numbers if found.series == series)
        return tuple(sorted(points, key=lambda point: point.x or 0.0))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models under one protocol.

    Attributes:
        protocol: of both.
        differences: the first model's numbers minus the second's.
        notes: what a reader must know.
    """

    protocol: Protocol
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    def __getitem__(self, key: str) -> Difference:
        """Return the difference of the numbers called ``key``."""
        return next(found for found in self.differences if found.key == key)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


def evaluate(
    key: str, rows: Iterable[Record], *, resampling: Resampling = DEFAULT, **params: Any
) -> Report:
    """Run a suite on one model's records.

    Args:
        key: of the suite.
        rows: the records.
        resampling: how intervals are made.
        params: of the suite, see its row.

    Raises:
        UnknownNameError: for a suite or parameter that does not exist.
        ParameterError: for a value outside its range.
        EvaluationError: for records that contradict each other or the protocol.
        MissingInputError: if no record has what the suite needs.
        UndefinedError: if the data cannot give the suite's numbers.
    """
    row = suite(key)
    settings = row.settings(params)
    records, left_out = usable(row, Records.of(rows), settings)
    found = row.load()(records, **settings)
    protocol = Protocol(row.key, row.version, settings, records.digest())
    beside = _baselines(row, records, settings)
    return reported(found, protocol, beside, left_out, len(records), resampling)


def compare(
    key: str,
    first: Iterable[Record],
    second: Iterable[Record],
    *,
    resampling: Resampling = DEFAULT,
    **params: Any,
) -> Comparison:
    """Compare two models on the same records: the difference, its interval and a paired test.

    Records that only one of them scored are left out of both.

    Raises:
        EvaluationError: if the records differ in anything but scores.
    """
    row = suite(key)
    settings = row.settings(params)
    one, two, notes = scored_by_both(row, Records.of(first), Records.of(second), settings)
    mine: Findings = row.load()(one, **settings)
    theirs = {found.key: found for found in row.load()(two, **settings).measures}
    protocol = Protocol(row.key, row.version, settings, one.digest())
    differences = tuple(
        _difference(measure, theirs[measure.key], protocol.hash, resampling)
        for measure in mine.measures
        if measure.compared and measure.key in theirs
    )
    return Comparison(protocol, differences, notes)


def reported(
    found: Findings,
    protocol: Protocol,
    beside: Mapping[str, Mapping[str, Measure]],
    notes: tuple[str, ...],
    n_records: int,
    resampling: Resampling,
) -> Report:
    """Turn findings into numbers, with those of the baselines ``beside`` them."""
    numbers = tuple(
        _number(measure, beside, protocol.hash, resampling) for measure in found.measures
    )
    return Report(protocol, numbers, dict(found.fitted), (*notes, *found.notes), n_records)


def _number(
    measure: Measure,
    beside: Mapping[str, Mapping[str, Measure]],
    protocol: str,
    resampling: Resampling,
) -> Number:
    against = {
        name: Against(
            number(found[measure.key], resampling),
            difference(measure, found[measure.key], resampling),
        )
        for name, found in beside.items()
        if measure.compared and measure.key in found
    }
    return Number(
        key=measure.key,
        label=measure.label,
        estimate=number(measure, resampling),
        unit=measure.unit,
        n_problems=n_problems(measure),
        protocol=protocol,
        split=measure.split,
        series=measure.series,
        x=measure.x,
        chance=measure.chance,
        baselines=against,
    )


def _difference(
    first: Measure, second: Measure, protocol: str, resampling: Resampling
) -> Difference:
    return Difference(
        key=first.key,
        label=first.label,
        first=number(first, resampling),
        second=number(second, resampling),
        difference=difference(first, second, resampling),
        p=permuted(first, second, resampling),
        protocol=protocol,
        unit=first.unit,
        split=first.split,
        series=first.series,
        x=first.x,
    )


def _baselines(
    row: SuiteRow, records: Records, settings: Mapping[str, Any]
) -> dict[str, dict[str, Measure]]:
    """Run the suite on the scores of each baseline, by name and measure."""
    found: dict[str, dict[str, Measure]] = {}
    for name in baselines.NAMES:
        scored = baselines.baseline(records, name, row.level)
        if scored is not None:
            measures = row.load()(scored, **settings).measures
            found[name] = {measure.key: measure for measure in measures}
    return found
