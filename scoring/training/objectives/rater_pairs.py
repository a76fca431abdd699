"""Comparisons with who made them: the pairs of each annotator, and what the encoder reads of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from scoring.errors import TrainingError
from scoring.reward.pair_quality import pair_metrics
from scoring.training.objectives.compared import outputs
from scoring.training.objectives.pairs import TIE
from scoring.training.objectives.tagged import Tagged, TaggedPaths, TaggedUnits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoring.reward.metrics import Metric
    from scoring.reward.model import RewardModel
    from scoring.training.config import RunConfig
    from scoring.training.dataset import RankedPair, TrainingTree
    from scoring.training.examples import ExampleMaker
    from scoring.training.objectives.compared import Said
    from scoring.training.objectives.units import Floats

NOBODY = -1
"""The number of annotators with too few pairs, or unknown when the model was trained."""


class RaterPairs(TaggedPaths):
    """Units by annotator.

    Attributes:
        raters: those with enough pairs in the training trees, most pairs first.
    """

    noun = "comparisons"

    def __init__(self, config: RunConfig, trees: Sequence[TrainingTree] = ()) -> None:
        model: Any = config.model
        self.config = model
        self.seed = config.training.seed
        self._steps = config.training.steps
        self._trees = trees
        counts = Counter(pair.rater for item in trees for pair in _pairs(item))
        enough = [name for name, n in counts.items() if n >= self.config.min_pairs]
        self.raters = tuple(sorted(enough, key=lambda name: (-counts[name], name)))
        self._number = {name: at for at, name in enumerate(self.raters)}
        self._found = counts

    @property
    def binds(self) -> dict[str, Any]:  # type: ignore[override]  # where the base has none
        """Who has a posterior."""
        return {"raters": self.raters}

    def units(self, item: TrainingTree) -> TaggedUnits:
        """Return everybody's comparisons of a tree."""
        return TaggedUnits.of(
            item.tree,
            (
                Tagged(
                    self._number.get(pair.rater, NOBODY),
                    pair.better,
                    pair.worse,
                    TIE if pair.tie else 1.0,
                    pair.distance,
                )
                for pair in _pairs(item)
            ),
        )

    def refuse(self, trees: Sequence[TrainingTree]) -> None:
        """Check that two annotators at least have compared enough."""
        if not self._found:
            raise TrainingError(
                "nobody has ranked anything: rank steps, branches or traces of some problems first"
            )
        if len(self.raters) < 2:
            raise TrainingError(
                f"{len(self._found)} annotators compared something and {len(self.raters)} of them "
                f"{self.config.min_pairs} pairs or more; what differs between annotators needs two: have "
                "more ranked, lower min_pairs, or choose bradley_terry for one reward for all"
            )
        if not any(len(self.units(item).decided) for item in trees):
            raise TrainingError("all comparisons are ties, so nothing is preferred to anything")

    def rewards(self, kind: Any, head: torch.Tensor) -> torch.Tensor:
        """Return ``(K, R + 1)``: r of each annotator, of nobody in particular last."""
        return kind.every_value(head)

    def refresh(self, model: RewardModel, maker: ExampleMaker, step: int) -> None:
        """Draw the noise of a step; from time to time read the annotators' pairs again."""
        head, warmup = model.network.head, self.config.kl_warmup * self._steps
        rng = np.random.default_rng([self.seed, step])
        noise = self.config.noise * rng.standard_normal(tuple(head.noise.shape))
        head.noise.copy_(torch.from_numpy(noise.astype(np.float32)))
        head.kl_share.fill_(min(1.0, step / warmup) if warmup else 1.0)
        if (step - 1) % self.config.refresh == 0:
            self._read_pairs(model, maker, step)

    def settle(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree]
    ) -> None:
        """Read the annotators' pairs a last time, and measure scores against these trees."""
        self._read_pairs(model, maker, 0)
        self._conclude(model)
        examples = (example for item in trees for example in maker.make(item))
        said = [self.rewards(model.kind, head) for _, head in outputs(model, examples)]
        if said:
            model.kind.refer(torch.cat(said).double().cpu().numpy())

    def quality(
        self, model: RewardModel, maker: ExampleMaker, trees: Sequence[TrainingTree], **how: Any
    ) -> dict[str, Metric]:
        """Compare each annotator's reward with their comparisons."""
        self._conclude(model)
        return super().quality(model, maker, trees, **how)

    def compared_metrics(
        self, said: Sequence[Said], problem: Sequence[str], lost: int, **how: Any
    ) -> dict[str, Metric]:
        """Return the numbers of each pair under its own annotator, then of all under nobody's."""
        found = pair_metrics(self._joined(said, problem, lost), **how)
        prior = [replace(row, reward=_nobodys(row.reward)) for row in said]
        metrics = pair_metrics(self._joined(prior, problem, 0), **how)
        names = ("pair_accuracy", "length_pair_accuracy", "above_length_pair_accuracy")
        return found | {f"prior/{name}": metrics[name] for name in (*names, "mean_margin")}

    def _conclude(self, model: RewardModel) -> None:
        """Take the means of the posteriors as they are now."""
        model.kind.posteriors = model.network.head.means().double().cpu().numpy()

    def _read_pairs(self, model: RewardModel, maker: ExampleMaker, round_: int) -> None:
        """Put the hidden states of some decided pairs of each annotator before the encoder."""
        head, place = model.network.head, Counter[int]()
        head.pairs.zero_()
        head.there.zero_()
        for item in self._context(round_):
            for example in maker.make(item):
                if not len(example.units):
                    continue
                read = torch.from_numpy(example.read).to(model.device)
                hidden = model.run([example.row]).hidden[0, read].float()
                units: Any = example.units
                for tag, first, second in zip(
                    units.tag.tolist(), units.pairs.first, units.pairs.second, strict=True
                ):
                    head.pairs[tag, place[tag]] = hidden[[int(first), int(second)]]
                    head.there[tag, place[tag]] = 1.0
                    place[tag] += 1

    def _context(self, round_: int) -> Iterator[TrainingTree]:
        """Yield trees that hold only the pairs that are drawn for the encoder this time."""
        known: dict[str, list[tuple[int, RankedPair]]] = {name: [] for name in self.raters}
        for at, item in enumerate(self._trees):
            for pair in _pairs(item):
                if pair.rater in known and not pair.tie:
                    known[pair.rater].append((at, pair))
        drawn: dict[int, list[RankedPair]] = {}
        for number, pairs in enumerate(known.values()):
            rng = np.random.default_rng([self.seed, round_, number])
            for at in rng.permutation(len(pairs))[: self.config.context].tolist():
                drawn.setdefault(pairs[at][0], []).append(pairs[at][1])
        for at, chosen in sorted(drawn.items()):
            item = self._trees[at]
            yield replace(item, ranked=replace(item.ranked, by_rater=tuple(chosen)))


def _pairs(item: TrainingTree) -> Iterator[RankedPair]:
    return (pair for pair in item.ranked.by_rater if pair.better != pair.worse)


def _nobodys(reward: Floats) -> Floats:
    """Put what nobody in particular prefers in the place of what each annotator does."""
    return np.broadcast_to(reward[:, -1:], reward.shape)
