"""One optimiser step: the gradient of all its passes, then AdamW."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from scoring.errors import TrainingError
from scoring.training.examples import passes
from scoring.training.losses import Denominators, pass_loss
from scoring.training.team import ALONE, Team

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.model import RewardModel
    from scoring.training.config import TrainingConfig
    from scoring.training.examples import Example


def update(
    model: RewardModel,
    optimizer: torch.optim.Optimizer,
    examples: Sequence[Example],
    plan: TrainingConfig,
    pass_tokens: int,
    team: Team = ALONE,
) -> dict[str, float] | None:
    """Accumulate the gradient of one optimiser step and apply it.

    Args:
        model: left in evaluation mode.
        optimizer: over its trained weights.
        examples: of the step.
        plan: the weights of the losses, precision and clip.
        pass_tokens: most tokens of one pass, padding included.
        team: the processes that share the step; each gets all examples and takes its own.

    Returns:
        ``loss``, ``label_loss``, ``lm_loss`` and ``gradient_norm``; None if one of them is not a number,
        and then no weight has changed.
    """
    denominators = Denominators.of(examples)
    model.network.train()
    optimizer.zero_grad(set_to_none=True)
    label = lm = 0.0
    try:
        for group, counts in team.deal(examples, pass_tokens):
            parts = pass_loss(
                model.network,
                model.kind,
                group,
                denominators,
                lm_weight=plan.lm_weight or 0.0,
                device=model.device,
                bfloat16=plan.precision == "bfloat16",
            )
            team.backward(model.network, parts.total, counts=counts)
            if counts:
                label, lm = label + parts.label, lm + parts.lm
        label, lm = team.sums(label, lm)
        found = torch.nn.utils.clip_grad_norm_(model.network.parameters(), plan.clip)
        norm = float(team.whole(found))
        loss = label + (plan.lm_weight or 0.0) * lm
        if not math.isfinite(loss) or not math.isfinite(norm):
            return None
        optimizer.step()
    finally:
        model.network.eval()
    return {"loss": loss, "label_loss": label, "lm_loss": lm, "gradient_norm": norm}


def not_a_number(step: int, kept: Sequence[int], plan: TrainingConfig) -> TrainingError:
    """Return what to raise when ``update`` found none at ``step``; ``kept`` are the checkpoints."""
    last = f"the checkpoint of step {kept[-1]} is kept" if kept else "there is no checkpoint yet"
    return TrainingError(
        f"the loss is not a number at step {step}; {last}. Lower learning_rate "
        f"(now {plan.learning_rate:g}) or clip (now {plan.clip:g})"
    )


def largest_pass(examples: Sequence[Example], pass_tokens: int) -> int:
    """Return the tokens of the largest pass of a step, padding included."""
    return max(len(group[0].row) * len(group) for group in passes(examples, pass_tokens))
