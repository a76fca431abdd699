"""The model that a run starts from: a fresh ``tiny`` one, or a base with a fresh head."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import torch

from scoring.reward.backbone import Backbone, build_tiny, mask_plan, open_base
from scoring.reward.model import RewardModel
from scoring.reward.network import RewardNetwork
from scoring.reward.tokenizer import StepTokenizer, open_tokenizer, train_tokenizer
from scoring.training.checkpoint import writing
from scoring.training.config import TINY, RunConfig
from scoring.training.examples import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from scoring.training.dataset import TrainingTree

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
    kind = config.row.load(config.model)
    settings: Any = backbone.module.config
    head = kind.make_head(int(settings.get_text_config().hidden_size))
    network = RewardNetwork(backbone.module, head, mask_plan(settings))
    return RewardModel(network, backbone.tokenizer, kind, device=device)


def _backbone(
    config: RunConfig,
    train: Sequence[TrainingTree],
    stream: Callable[[int], TrainingTree] | None,
    out_dir: Path,
) -> Backbone:
    if config.base != TINY:
        return open_base(config.base)
    return build_tiny(config.model, _tokenizer(config, train, stream, out_dir))


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
