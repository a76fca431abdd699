"""What a run will need, before it is queued: memory, time, passes over the data. Torch-free.

Nothing is measured here and nothing is exact but the number of weights: every figure is a range, made of
the formulas below, and says what it is based on. Memory is that of one process during training; weights
and AdamW's moments are float32.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from scoring.training.config import LORA, MID_RUN_PROBLEMS, TINY
from scoring.training.estimate_memory import Span, memory_parts, trained_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.shape import Shape
    from scoring.training.config import TrainingConfig

PER_TOKEN = {TINY: (1.5, 4.0), "": (2.5, 5.0)}
"""Characters per token: of the tokenizer made for ``tiny``, and of published ones."""
CPU_FLOPS = (8e9, 50e9)
GPU_FLOPS = {"float32": (4e12, 50e12), "bfloat16": (20e12, 400e12)}
"""Useful operations per second of one CPU thread, and of a GPU, where no run was measured."""
SPREAD = 1.5
"""How much faster or slower than runs measured before a run may be."""
ROWS = (400, 1500)
"""Tokens of most rows: what attention is counted by."""
SAME_ROWS = (1000, 1000)
"""The same beside runs on like data, whose rate was counted so."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much there is to learn from.

    Attributes:
        characters: of the problems and steps for training, each step once.
        steps: how many steps that is.
        problems: of how many problems.
        held_out_characters: of the problems that are evaluated on.
        held_out_problems: how many.
        sampled: of how many problems the characters were counted, None = all.
        generated: further traces are drawn from a generator, so that passes mean nothing.
    """

    characters: int
    steps: int
    problems: int
    held_out_characters: int = 0
    held_out_problems: int = 0
    sampled: int | None = None
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """Operations per second that a run of this base reached before.

    Attributes:
        flops: per second.
        source: which run, for people.
    """

    flops: float
    source: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will need.

    Attributes:
        parameters: weights of the base, None if it is not on this machine.
        trained: how many of them, or of an adapter, are trained.
        memory: bytes by what they are for, in order; empty if the base is not on this machine.
        total: their sum.
        tokens: in the training data, each step once.
        passes: over the training data, None with generated traces.
        seconds: of training and evaluations, None if the base is not on this machine.
        basis: sentences that say what the figures come from.
    """

    parameters: int | None
    trained: int | None
    memory: dict[str, Span]
    total: Span | None
    tokens: Span
    passes: Span | None
    seconds: Span | None
    basis: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON; times are whole seconds and bytes whole numbers."""
        return asdict(self)


def estimate(
    plan: TrainingConfig,
    base: str,
    shape: Shape | None,
    amount: Amount,
    *,
    device: str = "",
    measured: Sequence[Rate] = (),
    members: int = 1,
) -> Estimate:
    """Say what a run will need.

    Args:
        plan: with the base's defaults filled in.
        base: its name.
        shape: of the base, None if unknown.
        amount: of data.
        device: what the worker computes on, as it says (``CPU (2 threads)``, or a GPU's name).
        measured: what runs reached before on such a device.
        members: models that are trained one after the other.
    """
    few, many = PER_TOKEN.get(base, PER_TOKEN[""])
    tokens = Span(amount.characters / many, amount.characters / few)
    seen = float(plan.steps * (plan.step_tokens or 0))
    passes = None
    if not amount.generated and amount.characters:
        passes = Span(seen / tokens.high, seen / tokens.low)
    how = f"sampled from {amount.sampled:,} problems" if amount.sampled else "counted"
    said = [
        (
            f"Data: {amount.characters:,} characters ({how}) in {amount.steps:,} steps of "
            f"{amount.problems:,} problems; {few:g} to {many:g} characters per token, assumed."
        )
    ]
    if shape is None:
        unknown = f"The size of '{base}' cannot be read here, so memory and time are not known."
        return Estimate(None, None, {}, None, tokens, passes, None, (*said, unknown))
    trained = trained_weights(plan, shape)
    memory = memory_parts(plan, shape)
    rate, source = _rate(plan, device, measured)
    if plan.processes > 1:  # from no gain to one of all processes
        rate = Span(rate.low, rate.high * plan.processes)
        source += f" Up to {plan.processes} times that with as many processes."
    lengths = SAME_ROWS if measured else ROWS
    work = training_flops(plan, shape, lengths) + _evaluations(plan, shape, amount, few, many)
    seconds = Span(members * work.low / rate.high, members * work.high / rate.low)
    if plan.max_seconds is not None:
        evaluated = _evaluations(plan, shape, amount, few, many, mid_run=False)
        most = plan.max_seconds + evaluated.high / rate.low
        seconds = Span(min(seconds.low, plan.max_seconds), min(seconds.high, most))
        source += (
            f" The limit of {plan.max_seconds:g} seconds ends training before that if need be."
        )
    if plan.max_seconds is None and passes is None:
        source += f" {seen:,.0f} tokens, most of them of generated traces."
    said += [
        "Memory: from the shapes of the base and the tokens of one pass, not measured."
        + (f" That of each of the {plan.processes} processes." if plan.processes > 1 else ""),
        source,
    ]
    return Estimate(
        parameters=shape.parameters,
        trained=trained,
        memory=memory,
        total=sum(memory.values(), Span(0, 0)),
        tokens=tokens,
        passes=passes,
        seconds=seconds,
        basis=tuple(said),
    )


def rate_reached(plan: TrainingConfig, shape: Shape, steps: int, seconds: float) -> float:
    """Return the operations per second of a run that took so many steps in so many seconds."""
    return training_flops(replace(plan, steps=steps), shape, SAME_ROWS).low / seconds


def training_flops(plan: TrainingConfig, shape: Shape, lengths: tuple[int, int] = ROWS) -> Span:
    """Return the operations of all optimiser steps, with rows of so many tokens.

    Two per weight and token forwards, twice that backwards: half of it less where weights are frozen, one
    forward pass more with gradient checkpointing. Attention adds by the length of rows.
    """
    passes = (2 if plan.tuning == LORA else 3) + int(plan.gradient_checkpointing)
    seen = plan.steps * float(plan.step_tokens or 0)
    return Span(*(seen * passes * per_token(shape, row, bool(plan.lm_weight)) for row in lengths))


def per_token(shape: Shape, row: int, language: bool) -> float:
    """Return the operations of one token forwards, in a row of ``row`` tokens."""
    attention = 4.0 * shape.attention * shape.layers * row
    logits = 2.0 * shape.vocabulary * shape.width if language else 0.0
    return 2.0 * shape.weights + attention + logits


def _evaluations(
    plan: TrainingConfig,
    shape: Shape,
    amount: Amount,
    few: float,
    many: float,
    *,
    mid_run: bool = True,
) -> Span:
    """Return the operations of scoring held-out problems, while training and at the end."""
    times = 1.0
    if mid_run and amount.held_out_problems:
        share = min(1.0, MID_RUN_PROBLEMS / amount.held_out_problems)
        times += share * (plan.steps // plan.evaluate_every)
    done = Span(amount.held_out_characters / many, amount.held_out_characters / few)
    return Span(
        *(
            times * tokens * per_token(shape, row, language=False)
            for tokens, row in zip((done.low, done.high), ROWS, strict=True)
        )
    )


def _rate(plan: TrainingConfig, device: str, measured: Sequence[Rate]) -> tuple[Span, str]:
    """Return operations per second, and where that comes from."""
    if measured:
        rates = [rate.flops for rate in measured]
        told = ", ".join(dict.fromkeys(rate.source for rate in measured))
        return (
            Span(min(rates) / SPREAD, max(rates) * SPREAD),
            f"Time: from the rate that {told} reached on the same kind of device.",
        )
    if device and not device.startswith("CPU"):
        return Span(*GPU_FLOPS[plan.precision]), (
            f"Time: no run was measured on {device} yet; rates of common GPUs, so this is a wide guess."
        )
    threads = _threads(device)
    return Span(*(threads * rate for rate in CPU_FLOPS)), (
        f"Time: no run was measured here yet; rates of common CPUs with {threads} "
        f"thread{'s' if threads > 1 else ''}, so this is a wide guess."
    )


def _threads(device: str) -> int:
    digits = "".join(c for c in device if c.isdigit())
    return max(int(digits), 1) if digits else 1
