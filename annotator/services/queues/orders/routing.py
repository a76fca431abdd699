"""Human or model: unlabelled traces first where a person's label is predicted to change most.

The idea is MultiPref's (Miranda et al. 2024, "Hybrid Preferences"): spend people where model labels
are predicted to be worse. The estimator here is small and says how good it is.

* **Target.** For a trace that people rated, a = the share of its steps (rated ±1 on the whole, scored)
  on which the model's side of 0.5 is the people's side of 0.
* **Features** of the model's scores p₁ … pₙ alone: mean, smallest, standard deviation, mean entropy,
  the ambiguity and chance of a first error (see ``localisation``), ln n.
* **Fit.** Logistic regression of a on the standardised features, each trace weighted by its number of
  such steps, ridge penalty 1 on all weights but the intercept, by Newton's method.
* **Value.** 1 − â: the predicted share of steps that a person would rate otherwise.

Log loss under 5-fold cross-validation by problem stands beside that of always predicting the mean. The
order is refused with fewer than 30 labelled traces, fewer than 5 problems among them, or if the model
agrees with people to the same degree everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annotator.errors import InvalidError
from annotator.services.queues.orders.base import Ordered, Pool, by_value
from annotator.services.queues.orders.measures import ambiguity, entropy, mean_along
from annotator.services.queues.orders.paths import Paths, measured

if TYPE_CHECKING:
    from annotator.services.queues.orders.base import BoolArray, FloatArray, IntArray

FEWEST_TRACES, FEWEST_PROBLEMS, FOLDS = 30, 5, 5
RIDGE = 1.0
ROUNDS = 50
FEATURES = ("mean", "smallest", "deviation", "entropy", "ambiguity", "error_chance", "log_steps")
NAMES = (*FEATURES, "agreement", "judged", "rated")


def order(pool: Pool) -> Ordered:
    """Return unlabelled traces, the largest predicted disagreement first."""
    model = pool.scoring_model
    columns = measured(pool, lambda paths: describe(paths, model.pk), NAMES)
    x = np.stack([columns[name] for name in FEATURES], axis=1)
    scored = np.isfinite(x).all(axis=1)
    labelled = scored & np.isfinite(columns["agreement"])
    fresh = scored & (columns["rated"] == 0)
    _check(pool, labelled, fresh, columns["agreement"])
    known = (x[labelled], columns["agreement"][labelled], columns["judged"][labelled])
    report = cross_validated(*known, groups=pool.problem[labelled])
    predicted = Estimator(*known).predict(x[fresh])
    why = {
        "predicted_disagreement": 1 - predicted,
        **{name: columns[name][fresh] for name in ("smallest", "entropy", "ambiguity")},
    }
    found = by_value(
        pool.only(fresh),
        1 - predicted,
        why=why,
        model_version=pool.model_version,
        report=report,
    )
    return found.within(pool, fresh)


def describe(paths: Paths, model_id: int) -> dict[str, FloatArray]:
    """Return features and targets of some traces, ``(T,)`` each."""
    p = paths.scores(model_id)
    mean, _, n = paths.ratings()
    known = np.isfinite(p)
    average = mean_along(p)
    lowest = np.where(known, p, np.inf).min(axis=1)
    place, chance = ambiguity(p)
    judged = known & np.isfinite(mean) & (mean != 0)
    agrees = np.where(judged, ((p >= 0.5) == (mean > 0)).astype(float), np.nan)
    return {
        "mean": average,
        "smallest": np.where(np.isfinite(lowest), lowest, np.nan),
        "deviation": np.sqrt(mean_along((p - average[:, None]) ** 2)),
        "entropy": mean_along(entropy(p)),
        "ambiguity": place,
        "error_chance": chance,
        "log_steps": np.log((paths.steps >= 0).sum(axis=1)),
        "agreement": mean_along(agrees),
        "judged": judged.sum(axis=1).astype(float),
        "rated": np.isfinite(n).sum(axis=1).astype(float),
    }


class Estimator:
    """Ridge logistic regression of shares on features."""

    def __init__(self, x: FloatArray, share: FloatArray, weight: FloatArray) -> None:
        self._centre, self._scale = x.mean(axis=0), x.std(axis=0)
        self._scale[self._scale < 1e-9] = 1.0
        design = self._design(x)
        penalty = np.full(design.shape[1], RIDGE)
        penalty[0] = 0.0
        self._weights = np.zeros(design.shape[1])
        base = np.clip(np.average(share, weights=weight), 1e-3, 1 - 1e-3)
        self._weights[0] = np.log(base / (1 - base))
        for _ in range(ROUNDS):
            guess = _logistic(design @ self._weights)
            slope = design.T @ (weight * (share - guess)) - penalty * self._weights
            curve = (design * (weight * guess * (1 - guess))[:, None]).T @ design
            move = np.linalg.solve(curve + np.diag(penalty + 1e-9), slope)
            self._weights += move
            if np.abs(move).max() < 1e-8:
                break

    def predict(self, x: FloatArray) -> FloatArray:
        """Return the predicted share of each row."""
        return _logistic(self._design(x) @ self._weights)

    def _design(self, x: FloatArray) -> FloatArray:
        return np.column_stack([np.ones(len(x)), (x - self._centre) / self._scale])


def cross_validated(
    x: FloatArray, share: FloatArray, weight: FloatArray, *, groups: IntArray
) -> dict[str, float]:
    """Return how well the estimator predicts problems that it has not seen."""
    ids = np.unique(groups)
    fold = np.searchsorted(ids, groups) % min(FOLDS, len(ids))
    predicted, plain = np.empty(len(x)), np.empty(len(x))
    for number in range(int(fold.max()) + 1):
        away, here = fold != number, fold == number
        predicted[here] = Estimator(x[away], share[away], weight[away]).predict(x[here])
        plain[here] = np.average(share[away], weights=weight[away])
    return {
        "labelled_traces": len(x),
        "mean_agreement": round(float(np.average(share, weights=weight)), 4),
        "log_loss": round(_loss(predicted, share, weight), 4),
        "log_loss_of_mean": round(_loss(plain, share, weight), 4),
    }


def _check(pool: Pool, labelled: BoolArray, fresh: BoolArray, agreement: FloatArray) -> None:
    """Refuse what cannot be estimated, with the reason."""
    n, problems = int(labelled.sum()), len(np.unique(pool.problem[labelled]))
    reason = ""
    if n < FEWEST_TRACES or problems < FEWEST_PROBLEMS:
        reason = (
            f"Only {n} traces of {problems} problems have both scores of this model and labels by "
            f"people; at least {FEWEST_TRACES} traces of {FEWEST_PROBLEMS} problems are needed to "
            "predict where they agree."
        )
    elif np.ptp(agreement[labelled]) < 1e-9:
        reason = (
            "The model agrees with people to the same degree everywhere; nothing can be learnt."
        )
    elif not fresh.any():
        reason = "Every trace that this model scored is labelled by people already."
    if reason:
        raise InvalidError(reason, code="order_lacks")


def _loss(predicted: FloatArray, share: FloatArray, weight: FloatArray) -> float:
    p = np.clip(predicted, 1e-9, 1 - 1e-9)
    return float(np.average(-(share * np.log(p) + (1 - share) * np.log1p(-p)), weights=weight))


def _logistic(z: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-np.clip(z, -30, 30)))
