"""How a reward model is trained. Torch-free: the form and the command line read these fields."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from scoring.errors import UnknownNameError
from scoring.reward.registry import kind
from scoring.reward.settings import (
    FieldSpec,
    SettingError,
    describe,
    from_settings,
    setting,
    validate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.reward.config import BaseConfig
    from scoring.reward.model_kind import KindRow

TINY = "tiny"
LORA = "lora"
MAX_STEPS = 1_000_000
MAX_SEED = 2**31 - 1
MAX_PROCESSES = 64
MID_RUN_PROBLEMS = 60
"""Held-out problems scored for the curves; the final numbers use all of them."""


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Everything about a run except the data and the model's own config.

    ``None`` means "by base": the ``tiny`` base is trained from scratch and wants other values than
    a model that already reads (``for_base`` fills them in).
    """

    seed: int = setting(0, "Seeds weights, order and split.", low=0, high=MAX_SEED)
    steps: int = setting(2000, "Optimiser steps.", low=1, high=MAX_STEPS)
    step_tokens: int | None = setting(
        None,
        "Tokens per optimiser step; more than fit into one pass are accumulated. None: 512 for "
        "tiny, which learns more from many small steps, 2048 for another base.",
        low=16,
        high=16_777_216,
    )
    pass_tokens: int = setting(
        4096,
        "Most tokens in one pass, padding included; lower it when memory is short.",
        low=16,
        high=1_048_576,
    )
    precision: Literal["float32", "bfloat16"] = setting(
        "float32",
        "Half precision is for the products of a step: faster on GPUs and on CPUs with AMX. Trained weights "
        "and scores are float32 either way; what lora freezes is held in half where no weight changes by it.",
        choices={"float32": "full (float32)", "bfloat16": "half (bfloat16)"},
    )
    tuning: Literal["full", "lora"] = setting(
        "full",
        "With low-rank adapters the base stays as it is and small matrices beside its linear layers are "
        "trained and stored, which takes far less memory. Not for tiny, which starts from nothing.",
        choices={"full": "all weights", LORA: "low-rank adapters (LoRA)"},
    )
    lora_rank: int = setting(16, "Rank of the matrices that lora trains.", low=1, high=1024)
    lora_alpha: float = setting(
        32.0, "What lora learns counts alpha / rank times.", low=0.0, high=65_536.0
    )
    lora_targets: str = setting(
        "all-linear",
        "all-linear, or names of the linear layers that lora changes, such as q_proj, v_proj.",
    )
    gradient_checkpointing: bool = setting(
        False,
        "Keep less of the forward pass in memory and compute it again for the backward pass: about a "
        "third slower, the same numbers.",
    )
    processes: int = setting(
        1,
        "Processes that train one model together, each with a GPU of its own, a share of the weights (FSDP) "
        "and of every step's rows; the same numbers, up to rounding. The worker's machine must have that "
        "many GPUs. On a CPU this is slower than 1.",
        low=1,
        high=MAX_PROCESSES,
    )
    learning_rate: float | None = setting(
        None,
        "Peak learning rate; none: 2e-3 for tiny, 1e-5 for another base, 1e-4 with lora.",
        low=0.0,
        high=1.0,
    )
    warmup: float = setting(0.05, "Share of the run in which the rate rises.", low=0.0, high=1.0)
    decay: float = setting(
        0.5, "Share of the run, at its end, in which the rate falls to a tenth.", low=0.0, high=1.0
    )
    weight_decay: float = setting(0.01, "AdamW weight decay (matrices only).", low=0.0, high=10.0)
    clip: float = setting(1.0, "Largest gradient norm.", low=0.0, high=1000.0)
    lm_weight: float | None = setting(
        None,
        "Weight of the auxiliary next-token loss; none: 1 for tiny, 0 for another base.",
        low=0.0,
        high=100.0,
    )
    weighting: Literal["per_node", "per_leaf"] = setting(
        "per_node",
        "How often a step counts, for kinds that learn from single steps. By traces is what one training row "
        "per trace amounts to.",
        choices={"per_node": "every step once", "per_leaf": "as often as traces pass through it"},
    )
    held_out: float = setting(
        0.2,
        "Share of problems kept for evaluation; all steps of a problem go one way. A snapshot that "
        "is named brings its own split: its test share is evaluated, its validation share unused.",
        low=0.0,
        high=0.9,
    )
    stream_share: float = setting(
        0.9,
        "Share of the tokens drawn from generated traces, where the run has any.",
        low=0.0,
        high=1.0,
    )
    checkpoint_every: int = setting(
        200, "Optimiser steps between checkpoints.", low=1, high=MAX_STEPS
    )
    evaluate_every: int = setting(
        200, "Optimiser steps between evaluations.", low=1, high=MAX_STEPS
    )
    patience: int | None = setting(
        None,
        "Stop when so many evaluations in a row bring no better number on validation problems, and keep "
        "the weights that had the best; none: take all steps. Validation problems are the snapshot's, "
        "else a tenth of those for training, which are then not learnt from.",
        low=1,
        high=1000,
    )
    log_every: int = setting(
        20, "Optimiser steps between rows of the loss curve.", low=1, high=MAX_STEPS
    )
    max_seconds: float | None = setting(
        None,
        "Stop after this many seconds of training, resumed runs added up; none: no limit.",
        low=1.0,
        high=31_536_000.0,
    )

    def __post_init__(self) -> None:
        validate(self)

    def for_base(self, base: str) -> TrainingConfig:
        """Fill in what depends on the base.

        Raises:
            SettingError: the settings do not go with it.
        """
        tiny, lora = base == TINY, self.tuning == LORA
        if tiny and lora:
            raise SettingError(
                "tuning must be full for the base tiny: lora keeps the base's weights as they are, "
                "and those of tiny start from nothing"
            )
        return replace(
            self,
            step_tokens=self.step_tokens or (512 if tiny else 2048),
            learning_rate=self.learning_rate or (2e-3 if tiny else 1e-4 if lora else 1e-5),
            lm_weight=(1.0 if tiny else 0.0) if self.lm_weight is None else self.lm_weight,
        )


@dataclass(frozen=True, slots=True)
class RunConfig:
    """A whole run: which kind on which base, its model config and its training config.

    Attributes:
        kind: key of ``scoring.reward.registry.KINDS``.
        base: ``tiny``, a hub id or a folder.
        model: the kind's own config.
        training: with the base's defaults filled in.
    """

    kind: str
    base: str
    model: BaseConfig
    training: TrainingConfig

    @property
    def row(self) -> KindRow:
        """The kind's registry row."""
        return kind(self.kind)

    @property
    def learner(self) -> RunConfig:
        """The run that has a loss: that of a member where there are members, else this one."""
        return self if self.row.objective else self.member(0)

    def member(self, number: int) -> RunConfig:
        """Return the run of one member of an ensemble: its own seed, its share of the time."""
        ensemble: Any = self.model
        seed = np.random.SeedSequence((self.training.seed, number)).generate_state(1)[0]
        limit = self.training.max_seconds
        training = replace(
            self.training,
            seed=int(seed) & MAX_SEED,
            max_seconds=None if limit is None else max(limit / ensemble.members, 1.0),
        )
        return RunConfig(ensemble.member, self.base, ensemble.make_member(), training)

    @classmethod
    def from_settings(
        cls, settings: Mapping[str, str], *, kind_key: str = "prm", base: str = TINY
    ) -> RunConfig:
        """Build a run from ``--set`` texts.

        Raises:
            UnknownNameError: for an unknown kind or setting, naming the known ones.
            SettingError: for a value outside its limits.
        """
        row = kind(kind_key)
        names = {spec.name for spec in row.settings()}
        own = {spec.name for spec in describe(TrainingConfig)}
        for name in settings:
            if name not in names | own:
                raise UnknownNameError("setting", name, sorted(names | own))
        if not base.strip():
            raise SettingError("base must be 'tiny', a folder or a hub id (owner/name)")
        model = row.make_config({k: v for k, v in settings.items() if k in names})
        training = from_settings(TrainingConfig, {k: v for k, v in settings.items() if k in own})
        return cls(kind=kind_key, base=base, model=model, training=training.for_base(base))

    @classmethod
    def describe(cls, kind_key: str = "prm") -> tuple[FieldSpec, ...]:
        """List every setting of a run of this kind, the trainer's first."""
        return (*describe(TrainingConfig), *kind(kind_key).settings())

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON, for job rows and manifests."""
        return {
            "kind": self.kind,
            "base": self.base,
            "model": asdict(self.model),
            "training": asdict(self.training),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunConfig:
        """Read back what ``to_dict`` made."""
        row = kind(data["kind"])
        return cls(
            kind=data["kind"],
            base=data["base"],
            model=row.load_config()(**data["model"]),
            training=TrainingConfig(**data["training"]),
        )
