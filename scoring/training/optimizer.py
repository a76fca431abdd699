"""AdamW and the learning rate over a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from scoring.training.config import TrainingConfig


def make_optimizer(network: torch.nn.Module, plan: TrainingConfig) -> torch.optim.Optimizer:
    """Return AdamW over all weights; decay is for matrices only."""
    trained = [p for p in network.parameters() if p.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [p for p in trained if p.dim() > 1], "weight_decay": plan.weight_decay},
            {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=plan.learning_rate or 0.0,
        betas=(0.9, 0.95),
        fused=True,
    )


def learning_rate(plan: TrainingConfig, done: float) -> float:
    """Return the rate when the share ``done`` of the run is over.

    It rises linearly over ``plan.warmup``, stays, and falls linearly to a tenth over ``plan.decay``.
    """
    peak = plan.learning_rate or 0.0
    if done < plan.warmup:
        one_step = 1 / plan.steps
        return peak * (done + one_step) / (plan.warmup + one_step)
    left = min(1.0, (1.0 - done) / plan.decay) if plan.decay else 1.0
    return peak * (0.1 + 0.9 * max(left, 0.0))
