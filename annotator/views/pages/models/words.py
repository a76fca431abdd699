"""What forms and pages call the settings of a reward model; their keys are for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.templatetags.pages import plain
from scoring.reward.registry import ADDED, KINDS
from scoring.training.config import RunConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scoring.reward.settings import FieldSpec

LABELS = {
    "steps": "Optimiser steps, at most",
    "step_tokens": "Tokens per optimiser step",
    "pass_tokens": "Tokens per pass, at most",
    "tuning": "What is trained",
    "lora_rank": "Rank of low-rank adapters",
    "lora_alpha": "Scale of low-rank adapters",
    "lora_targets": "Layers with low-rank adapters",
    "gradient_checkpointing": "Compute again instead of keeping",
    "processes": "Processes, a GPU each",
    "learning_rate": "Highest learning rate",
    "warmup": "Warm-up, share of the run",
    "decay": "Decay, share of the run",
    "clip": "Largest gradient norm",
    "lm_weight": "Weight of the next-token loss",
    "weighting": "Weighting of steps",
    "held_out": "Held-out share of the problems",
    "stream_share": "Share of tokens from generated traces",
    "checkpoint_every": "Steps between checkpoints",
    "evaluate_every": "Steps between evaluations",
    "log_every": "Steps between points of the loss curve",
    "patience": "Evaluations without gain before the end",
    "max_seconds": "Time limit, in seconds",
    "tiny_layers": "Layers of the tiny base",
    "tiny_width": "Width of the tiny base",
    "tiny_vocabulary": "Tokens in the tiny base's vocabulary",
    "tiny_context": "Longest path of the tiny base, in tokens",
    "max_pairs": "Pairs per problem, at most",
    "compress_from": "Steps from which nodes are compressed",
    "endpoint": "Address of the server",
    "key_variable": "Variable of the key",
    "with_reference": "Show the reference answer",
    "steps_at_once": "Steps per request, at most",
    "votes": "Votes per path",
    "max_tokens": "Longest answer, in tokens",
    "timeout_s": "Seconds to wait for an answer",
    "retries": "Repeats when the server fails",
    "repairs": "Repeats when an answer cannot be read",
    "parallel": "Requests at once, at most",
    "price_in": "Price of a million tokens read",
    "price_out": "Price of a million tokens written",
    "cap": "Cost of one run, at most",
}
# What it means that a setting has no value; those left out are plain "none".
UNSET = {
    "step_tokens": "by the base",
    "learning_rate": "by the base",
    "lm_weight": "by the base",
    "patience": "never",
    "max_seconds": "no limit",
    "cap": "no limit",
}


def setting_label(name: str) -> str:
    """Return what a person calls a setting."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def setting_value(name: str, value: Any) -> str:
    """Return the value of a setting in words."""
    if value is None:
        return UNSET.get(name, "none")
    return plain(value) if value != "" else ""


def config_words(config: Mapping[str, Any], kind: str) -> list[tuple[str, str]]:
    """Return the settings a model of ``kind`` was made with: the kind first, then as forms order them."""
    specs = {spec.name: spec for spec in _specs(kind)}
    place = {name: at for at, name in enumerate(("kind", "base", *specs))}
    found = sorted(_flat(config), key=lambda pair: place.get(pair[0], len(place)))
    return [(setting_label(name), _said(name, value, specs)) for name, value in found]


def _specs(kind: str) -> tuple[FieldSpec, ...]:
    if kind in ADDED:
        return ADDED[kind].settings()
    return RunConfig.describe(kind) if kind in KINDS else ()


def _said(name: str, value: Any, specs: Mapping[str, FieldSpec]) -> str:
    row = KINDS.get(value) if name == "kind" and isinstance(value, str) else None
    if row is not None:
        return row.label
    return setting_value(name, specs[name].said(value) if name in specs else value)


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield settings with their values, whatever part of the config they stand in."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value)
        else:
            yield name, value
