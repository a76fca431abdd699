"""The memory of one process of a run, from the shapes of its base. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.training.config import LORA

if TYPE_CHECKING:
    from scoring.reward.shape import Shape
    from scoring.training.config import TrainingConfig

FLOAT = 4
PROCESS = (0.3e9, 1.5e9)
"""Bytes of a process that has loaded the programs, with or without a GPU's context."""
LONGEST_ROW = 4096
"""Tokens of a row of a tree, ancestors left out, at most."""


@dataclass(frozen=True, slots=True)
class Span:
    """A figure that is known to lie between two."""

    low: float
    high: float

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)


def trained_weights(plan: TrainingConfig, shape: Shape) -> int:
    """Count the weights that a run changes; heads are not worth counting."""
    if plan.tuning == LORA:
        return shape.adapter(plan.lora_rank, plan.lora_targets)
    return shape.parameters


def memory_parts(plan: TrainingConfig, shape: Shape) -> dict[str, Span]:
    """Return bytes by what they are for."""
    trained = trained_weights(plan, shape)
    held = shape.parameters + (trained if plan.tuning == LORA else 0)
    halves = plan.precision == "bfloat16"
    parts = {
        "weights": _weights(plan, shape, held),
        "gradients": _shared(plan, shape, FLOAT * trained),
        "optimiser": Span(*(2 * FLOAT * trained / plan.processes,) * 2),
        "activations": _activations(plan, shape),
        "process": Span(*PROCESS),
    }
    if halves:  # autocast keeps a copy of each matrix for the backward pass
        parts["half_copies"] = Span(0, 2 * shape.weights)
    return parts


def _weights(plan: TrainingConfig, shape: Shape, held: int) -> Span:
    """Return the bytes of all weights; of a frozen base, half where it was published in bfloat16."""
    span = _shared(plan, shape, FLOAT * held)
    if plan.tuning == LORA and plan.precision == "bfloat16":
        return Span(span.low - 2 * shape.weights / plan.processes, span.high)
    return span


def _shared(plan: TrainingConfig, shape: Shape, whole: float) -> Span:
    """Return what one process holds of weights: its share, and the layers that are gathered just now."""
    if plan.processes == 1:
        return Span(whole, whole)
    share = whole / plan.processes
    gathered = FLOAT * (shape.vocabulary * shape.width + 2 * shape.weights / max(shape.layers, 1))
    return Span(share, min(share + gathered, whole + share))


def pass_tokens(plan: TrainingConfig) -> Span:
    """Return the tokens of the largest pass: an optimiser step ends with the row that fills it."""
    step = plan.step_tokens or 0
    return Span(min(plan.pass_tokens, step), min(plan.pass_tokens, step + LONGEST_ROW))


def _activations(plan: TrainingConfig, shape: Shape) -> Span:
    """Return the bytes that one pass keeps for its backward pass.

    Per token and layer, in numbers: inputs and normalised values of two norms and of what follows them
    (6 widths), queries, keys and values before and after rotation, what attention gives and a copy of it
    (5 to 9 attention widths), gate, its activation, up and their product (4 inner widths). Each layer has a
    mask of its own in float32.
    """
    tokens = pass_tokens(plan)
    floor = 4 * shape.width + 5 * shape.attention + 3 * shape.inner
    ceiling = 8 * shape.width + 9 * shape.attention + 5 * shape.inner
    layer = Span(floor * FLOAT * tokens.low, ceiling * FLOAT * tokens.high)
    if plan.precision == "bfloat16":
        layer = Span(layer.low / 2, layer.high)
    mask = Span(0, FLOAT * min(tokens.high, LONGEST_ROW) ** 2)
    entered = Span(*(FLOAT * shape.width * t for t in (tokens.low, tokens.high)))
    if plan.gradient_checkpointing:
        layers = layer + mask
        layers += Span(*((shape.layers + 1) * e for e in (entered.low, entered.high)))
    else:
        layers = Span(*(shape.layers * n for n in (layer.low, layer.high + mask.high)))
    if plan.lm_weight:
        logits = FLOAT * shape.vocabulary
        layers += Span(logits * tokens.low, 4 * logits * tokens.high)
    return layers
