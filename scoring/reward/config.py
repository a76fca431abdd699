"""What a reward model is made of, apart from how it is trained. Torch-free.

A kind's config inherits ``BaseConfig`` (the backbone) and adds what its own head needs; the
registry row names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scoring.reward.settings import SettingError, setting, validate


@dataclass(frozen=True, slots=True)
class BaseConfig:
    """The backbone. The ``tiny_*`` fields shape the base called ``tiny`` and no other."""

    tiny_layers: int = setting(3, "Decoder layers of the tiny base.", low=1, high=16)
    tiny_width: int = setting(
        256, "Hidden size of the tiny base, a multiple of 64.", low=64, high=4096
    )
    tiny_vocabulary: int = setting(
        1000,
        "Tokens of the tiny base's tokenizer (256 bytes and 100 whole numbers included).",
        low=400,
        high=32000,
    )
    tiny_context: int = setting(
        4096, "Longest path, in tokens, that the tiny base reads.", low=16, high=131072
    )

    def __post_init__(self) -> None:
        validate(self)
        if self.tiny_width % 64:
            raise SettingError(f"tiny_width must be a multiple of 64, not {self.tiny_width}")


@dataclass(frozen=True, slots=True)
class ProbabilityConfig(BaseConfig):
    """One probability per place."""

    head: Literal["two_class", "scalar"] = setting(
        "two_class",
        "What the head says of a step: two numbers through a softmax, or one through a sigmoid.",
        choices={"two_class": "two classes, wrong and right", "scalar": "one number"},
    )
    labels: Literal["soft", "hard", "any"] = setting(
        "soft",
        "How targets between 0 and 1 are learnt.",
        choices={
            "soft": "as they are",
            "hard": "as right from 0.5 on",
            "any": "as right if above 0",
        },
    )
    loss: Literal["cross_entropy", "squared"] = setting(
        "cross_entropy",
        "What is made small between probability and target.",
        choices={"cross_entropy": "cross-entropy", "squared": "squared difference"},
    )


@dataclass(frozen=True, slots=True)
class PrmConfig(ProbabilityConfig):
    """A process reward model: the probability that a step is right."""

    grade: Literal["labels", "outcome", "value", "grounded"] = setting(
        "labels",
        "Where the target of a step comes from: its ratings, its traces (Monte Carlo), the tree, or its own "
        "and later ratings fused with outcomes.",
        choices={
            "labels": "ratings of steps",
            "outcome": "share of right traces through it",
            "value": "what a search wrote",
            "grounded": "ratings and outcomes, fused",
        },
    )


@dataclass(frozen=True, slots=True)
class HrmConfig(PrmConfig):
    """A hierarchical reward model: steps, and pairs of steps read as one."""

    merged_weight: float = setting(
        1.0,
        "How much a merged pair counts beside a single step; 0: no merged pairs.",
        low=0.0,
        high=100.0,
    )
    compression: float = setting(
        0.5,
        "Probability with which a branch of a wide step is joined to that step (node compression); "
        "0: the tree as it is.",
        low=0.0,
        high=1.0,
    )
    compress_from: int = setting(
        4, "Least number of branches of a step that is compressed.", low=2, high=1_000_000
    )


@dataclass(frozen=True, slots=True)
class ScalarConfig(BaseConfig):
    """A reward learnt from comparisons, whose offset is free."""

    centring: float = setting(
        0.01,
        "Weight of the square of the rewards beside the loss, which keeps them near 0; comparisons "
        "alone leave their offset free.",
        low=0.0,
        high=100.0,
    )


@dataclass(frozen=True, slots=True)
class ListwiseConfig(ScalarConfig):
    """All answers of a problem, judged in one pass."""

    reading: Literal["tree", "sequence"] = setting(
        "tree",
        "How the answers to a problem are read. Apart they cannot see one another, so their order cannot "
        "matter; one after another, the mean of several orders is taken.",
        choices={"tree": "apart", "sequence": "one after another"},
    )
    orders: int = setting(
        4,
        "Orders to train on and to average over where answers are read one after another.",
        low=1,
        high=64,
    )
    lists: Literal["all", "rankings", "outcomes"] = setting(
        "all",
        "What lists are made of: rankings of traces, and outcomes where nobody ranked the traces of a "
        "problem; or only one of the two.",
        choices={
            "all": "rankings, else outcomes",
            "rankings": "rankings only",
            "outcomes": "outcomes only",
        },
    )


@dataclass(frozen=True, slots=True)
class PairConfig(ScalarConfig):
    """A reward learnt from pairs."""

    balance: Literal["per_pair", "per_problem"] = setting(
        "per_pair",
        "What counts alike: comparisons, or problems, all of whose comparisons count one together.",
        choices={"per_pair": "every comparison", "per_problem": "every problem"},
    )
    max_pairs: int = setting(
        256,
        "Most pairs per problem that are made of labels, outcomes or values, drawn the same way every "
        "time; pairs that people ranked are all taken. 0: all.",
        low=0,
        high=1_000_000,
    )


@dataclass(frozen=True, slots=True)
class MarginConfig(PairConfig):
    """The settings of the Bradley–Terry loss."""

    margin_scale: float = setting(
        0.0,
        "The better reward must lead by this times the distance of the two (in tiers, scores, targets "
        "or outcomes); 0: no margin.",
        low=0.0,
        high=100.0,
    )
    label_smoothing: float = setting(
        0.0, "Share of comparisons that are taken to be the wrong way round.", low=0.0, high=0.5
    )


_PAIRS = {"all": "all that can be compared", "rankings": "only what people ranked"}
_PAIRS_DOC = (
    "Which pairs are learnt from. All are what people ranked, siblings with different labels and traces "
    "with different outcomes."
)


@dataclass(frozen=True, slots=True)
class BradleyTerryConfig(MarginConfig):
    """Pairs from rankings, labels and outcomes."""

    pairs: Literal["all", "rankings"] = setting("all", _PAIRS_DOC, choices=_PAIRS)


@dataclass(frozen=True, slots=True)
class TiedConfig(PairConfig):
    """Pairs and ties from rankings, labels and outcomes."""

    pairs: Literal["all", "rankings"] = setting("all", _PAIRS_DOC, choices=_PAIRS)
    model: Literal["rao_kupper", "davidson"] = setting(
        "rao_kupper",
        "How ties come about: differences below a threshold are not noticed, or a tie is the likelier the "
        "closer the two are.",
        choices={
            "rao_kupper": "by a threshold (Rao–Kupper)",
            "davidson": "by closeness (Davidson)",
        },
    )


@dataclass(frozen=True, slots=True)
class TreePreferenceConfig(MarginConfig):
    """Pairs inside one tree."""

    pairs: Literal["leaves", "depth"] = setting(
        "leaves",
        "What is compared inside a tree.",
        choices={"leaves": "any two leaves", "depth": "any two steps of one depth"},
    )
    grade: Literal["outcome", "value"] = setting(
        "outcome",
        "By what one of the two is better.",
        choices={
            "outcome": "mean outcome of the traces through it",
            "value": "what a search wrote",
        },
    )
    preference: Literal["hard", "soft"] = setting(
        "hard",
        "How sure it is that the larger one is preferred.",
        choices={"hard": "always", "soft": "as the two values imply"},
    )
    depth_power: float = setting(
        0.0,
        "A pair counts (1 + steps in common) to this power: above 0 late forks count more, below 0 "
        "early ones.",
        low=-8.0,
        high=8.0,
    )


SIGNALS = ("rankings", "outcome", "first_error", "lowest_value", "length")


@dataclass(frozen=True, slots=True)
class HeronConfig(MarginConfig):
    """Pairs of traces by a hierarchy of signals."""

    levels: str = setting(
        "rankings, outcome, first_error, lowest_value",
        f"Signals that decide, the most important first, of: {', '.join(SIGNALS)}.",
    )
    sigma: float = setting(
        0.5,
        "A signal decides if the two differ by more than this times its standard deviation.",
        low=0.0,
        high=10.0,
    )

    def __post_init__(self) -> None:
        # The zero-argument form of super() breaks in a dataclass with slots.
        MarginConfig.__post_init__(self)
        unknown = [name for name in self.ordered if name not in SIGNALS]
        if unknown or not self.ordered or len(set(self.ordered)) < len(self.ordered):
            raise SettingError(
                f"levels must name signals once each, of: {', '.join(SIGNALS)}; not '{self.levels}'"
            )

    @property
    def ordered(self) -> tuple[str, ...]:
        """The levels as a list."""
        return tuple(word.strip() for word in self.levels.split(",") if word.strip())
