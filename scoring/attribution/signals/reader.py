"""A model as signals see it: a path, hidden states, logits where there are any."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from scoring.attribution.layout import fitting
from scoring.attribution.path import StepPart, join
from scoring.attribution.signals.base import signal_of
from scoring.attribution.subject import Subject, named_weights, subject_of
from scoring.errors import AttributionError
from scoring.registry import load_target
from scoring.reward.adapters.implicit_prm import ImplicitPrm
from scoring.reward.adapters.language import NextToken
from scoring.reward.adapters.likelihood import Likelihood
from scoring.reward.model import RewardModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from scoring.attribution.path import Path
    from scoring.attribution.signals.base import Measured, Signal, SignalRow
    from scoring.reward.network import RewardNetwork

UNTRAINED = (
    "The logits are those of a reward model's decoder: unless it was trained with a next-token loss beside, "
    "they say little of language."
)


@dataclass(slots=True)
class Reader:
    """One path of one model.

    Attributes:
        network: the decoder and what stands on it; the first of an ensemble.
        path: tokens and spans.
        subject: the reward model, None for language models.
        model: what was given.
        logits: from hidden states ``(n, H)`` to logits ``(n, V)``, None if there are none.
        facts: hashes of weights and layout, as ``Subject.facts``.
        notes: what the legend must say.
    """

    network: RewardNetwork
    path: Path
    model: Any
    subject: Subject | None
    facts: Mapping[str, str]
    logits: Callable[[Tensor], Tensor] | None
    notes: tuple[str, ...] = ()

    @property
    def ids(self) -> Tensor:
        """The path as one row ``(1, T)`` where the network lives."""
        weight = self.network.backbone.get_input_embeddings().weight
        return torch.from_numpy(self.path.ids.astype(np.int64))[None].to(weight.device)

    @torch.no_grad()
    def hidden(self) -> Tensor:
        """Return the last hidden states ``(T, H)`` of one plain forward."""
        return self.network.backbone(input_ids=self.ids, use_cache=False).last_hidden_state[0]

    def need_logits(self) -> Callable[[Tensor], Tensor]:
        """Return ``logits``.

        Raises:
            AttributionError: the model has none.
        """
        if self.logits is None:
            raise AttributionError(
                "The model has no logits: it is a head on a decoder, not a causal language model. Use the "
                "kinds implicit_prm or likelihood for entropies."
            )
        return self.logits


def run(
    row: SignalRow, model: Any, problem_text: str, steps: tuple[str, ...], values: Mapping[str, Any]
) -> Signal:
    """Measure a signal; see ``registry.signal``."""
    measure: Callable[..., Measured] = load_target(row.target)
    if isinstance(model, ImplicitPrm | Likelihood):
        reader = _language(model, problem_text, steps)
        return _made(row, reader, values, measure)
    with subject_of(model, "value") as subject:
        reader = _reward(model, subject, problem_text, steps)
        return _made(row, reader, values, measure)


def _made(
    row: SignalRow, reader: Reader, values: Mapping[str, Any], measure: Callable[..., Measured]
) -> Signal:
    """Measure, and say what made it."""
    found = signal_of(row, values, reader.path, measure(reader, **values))
    weight = reader.network.backbone.get_input_embeddings().weight
    return replace(
        found,
        n_tokens=len(reader.path),
        dtype=str(weight.dtype).removeprefix("torch."),
        model_hash=reader.facts["model"],
        template_hash=reader.facts["template"],
    )


def _reward(model: Any, subject: Subject, problem: str, steps: Sequence[str]) -> Reader:
    network = subject.networks[0]
    shares = isinstance(model, RewardModel) and model.tied
    return Reader(
        network=network,
        path=subject.layout.lay(problem, steps),
        model=model,
        subject=subject,
        facts=subject.facts,
        logits=network.next_token_logits if shares else None,
        notes=(UNTRAINED,) if shares else (),
    )


def _language(model: ImplicitPrm | Likelihood, problem: str, steps: Sequence[str]) -> Reader:
    parts = []
    for found in map(model.text.step, steps):
        begin = np.concatenate(([0], found.ends[:-1])).astype(int)
        piece = np.searchsorted(found.last, np.arange(len(found.ids)))
        spans = [(int(begin[p]), int(found.ends[p])) for p in piece]
        parts.append(StepPart(found.ids.tolist(), spans))
    head = model.passes.network.head
    assert isinstance(head, NextToken)  # noqa: S101 - what language_passes makes
    network = model.passes.network
    path = join(model.text.prompt(problem).tolist(), parts, steps)
    return Reader(
        network=network,
        path=fitting(path, model.passes.context),
        model=model,
        subject=None,
        facts={
            "model": str(model.facts.get("commit") or "") or named_weights(network),
            "template": str(model.facts["layout_hash"]),
        },
        logits=head.out,
    )
