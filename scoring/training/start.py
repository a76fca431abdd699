"""The model that a run starts from: a fresh ``tiny`` one, or a base with a fresh head.

A trained reward model is a base too: its decoder and tokenizer, without its head.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import torch

from scoring.errors import TrainingError
from scoring.reward import artefact
from scoring.reward.backbone import Backbone, build_tiny, mask_plan
from scoring.reward.lora import Adapter, attach, hold_in_half, weights_hash
from scoring.reward.model import ROW_BUDGET, RewardModel
from scoring.reward.network import RewardNetwork
from scoring.reward.tokenizer import StepTokenizer, open_tokenizer, train_tokenizer
from scoring.training.checkpoint import writing
from scoring.training.config import LORA, TINY, RunConfig, TrainingConfig
from scoring.training.examples import ExampleMaker, texts_of
from scoring.training.objectives.registry import objective

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from scoring.training.dataset import TrainingTree
    from scoring.training.objectives.base import Objective

GENERATED_FOR_TOKENIZER = 200


def make_model(
    config: RunConfig,
    train: Sequence[TrainingTree],
    stream: Callable[[int], TrainingTree] | None,
    *,
    out_dir: Path,
    device: torch.device,
) -> RewardModel:
    """Build backbone, tokenizer and head; the same seed gives the same weights.

    The tiny base's tokenizer is written to ``out_dir`` when it is first learnt and read from there
    by a resumed run.
    """
    torch.manual_seed(config.training.seed)
    backbone = _backbone(config, train, stream, out_dir)
    kind = config.row.load(config.model, **objective(config, train).binds)
    settings: Any = backbone.module.config
    head = kind.make_head(int(settings.get_text_config().hidden_size))
    network = RewardNetwork(backbone.module, head, mask_plan(settings))
    if config.training.tuning == LORA:
        network.adapter = _attach(backbone, config.training)
        if config.training.precision == "bfloat16":
            hold_in_half(backbone.module)
    if config.training.gradient_checkpointing:
        _checkpointed(backbone.module, config.base)
    return RewardModel(network, backbone.tokenizer, kind, device=device)


def example_maker(
    model: RewardModel, config: RunConfig, learnt: Objective, *, pass_tokens: int = 0
) -> ExampleMaker:
    """Return what turns trees into rows of ``model`` for a run; by default its own ``pass_tokens``."""
    return ExampleMaker(
        model.tokenizer,
        model.cost,
        model.context,
        min(ROW_BUDGET, pass_tokens or config.training.pass_tokens),
        learnt,
        language=bool(config.training.lm_weight),
    )


def _backbone(
    config: RunConfig,
    train: Sequence[TrainingTree],
    stream: Callable[[int], TrainingTree] | None,
    out_dir: Path,
) -> Backbone:
    if config.base == TINY:
        return build_tiny(config.model, _tokenizer(config, train, stream, out_dir))
    return artefact.open_decoder(config.base)


def _attach(backbone: Backbone, plan: TrainingConfig) -> Adapter:
    adapter = Adapter(
        plan.lora_rank,
        plan.lora_alpha,
        plan.lora_targets,
        backbone.revision,
        weights_hash(backbone.module),
    )
    attach(backbone.module, adapter)
    return adapter


def _checkpointed(module: Any, base: str) -> None:
    """Keep only the inputs of layers for the backward pass, which computes the rest again."""
    try:
        module.activation_checkpointing_enable({"use_reentrant": False})
    except ValueError as error:  # transformers says so of architectures without it
        raise TrainingError(
            f"base '{base}' has no gradient checkpointing; set gradient_checkpointing=no"
        ) from error


def share_tokenizer(
    config: RunConfig,
    train: Sequence[TrainingTree],
    stream: Callable[[int], TrainingTree] | None,
    out_dir: Path,
    folder: Path,
) -> None:
    """Give a member that trains in ``folder`` the tokenizer that is learnt for the run in ``out_dir``."""
    if config.base == TINY:
        tokenizer = _tokenizer(config, train, stream, out_dir)
        with writing("tokenizer", folder):
            (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
            tokenizer.save(folder / "checkpoints")


def _tokenizer(
    config: RunConfig,
    train: Sequence[TrainingTree],
    stream: Callable[[int], TrainingTree] | None,
    out_dir: Path,
) -> StepTokenizer:
    learnt = out_dir / "checkpoints" / "tokenizer.json"
    if learnt.is_file():
        tokenizer = open_tokenizer(learnt, separator=0)
        tokenizer.separator = tokenizer.tokenizer.get_vocab_size()
        return tokenizer
    drawn = (stream(number) for number in range(GENERATED_FOR_TOKENIZER)) if stream else ()
    tokenizer = train_tokenizer(
        texts_of(chain(train, drawn)), vocabulary=config.model.tiny_vocabulary
    )
    with writing("tokenizer", learnt.parent):
        learnt.parent.mkdir(parents=True, exist_ok=True)
        tokenizer.save(learnt.parent)
    return tokenizer
