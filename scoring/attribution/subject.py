"""A reward model as all methods see it: a path in, one number out, and every pass counted.

f(x) is read at an explicit index in every call, never where padding is thought to begin. Weights are frozen
while a subject is used. A model of several networks is one function of its members' embeddings.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scoring.attribution.base import SCORE_SPREAD, Spent
from scoring.attribution.layout import PathLayout, PublishedLayout, TrainedLayout
from scoring.attribution.registry import REASONS, SEQUENCE
from scoring.errors import AttributionError
from scoring.reward.adapters.implicit_prm import ImplicitPrm
from scoring.reward.adapters.likelihood import Likelihood
from scoring.reward.adapters.scorer import PathScorer
from scoring.reward.lora import weights_hash
from scoring.reward.members import Members
from scoring.reward.model import ROW_BUDGET, RewardModel
from scoring.reward.network import collate
from scoring.reward.packing import rows
from scoring.reward.shared import share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scoring.reward.network import RewardNetwork
    from scoring.reward.packing import EncodedTree
    from scoring.reward.shared import Int32

Float64 = npt.NDArray[np.float64]
_HASH = "attribution_weights_hash"


class Subject:
    """One model.

    Attributes:
        networks: one, or the members of an ensemble.
        layout: texts to tokens.
        kind: of a trained model, else None.
        device: where it lives.
        facts: what names it: hashes of weights and layout.
        spread: standard deviation of its rewards as far as it is known, in the output's unit.
        spent: what was run so far; the check that packing is right, once per model, is left out.
        report: told the share that is done before every pass; may raise to stop.
    """

    def __init__(
        self,
        networks: Sequence[RewardNetwork],
        layout: PathLayout,
        readout: Callable[[Tensor], Tensor],
        run_tree: Callable[[EncodedTree, Callable[[Tensor], Tensor]], Float64],
        check: Callable[[], None],
        *,
        device: torch.device,
        facts: Mapping[str, str],
        spread: float,
        kind: Any = None,
        caches: bool = True,
    ) -> None:
        self.networks = list(networks)
        self.layout = layout
        self.readout = readout
        self._run_tree = run_tree
        self._check = check
        self.device = device
        self.facts = facts
        self.spread = spread
        self.kind = kind
        self.caches = caches and all(n.plan.window is None for n in self.networks)
        self.spent = Spent()
        self.report: Callable[[float], None] = _unheard

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights."""
        return self.networks[0].backbone.get_input_embeddings().weight.dtype

    @torch.no_grad()
    def heads(self, ids: Int32) -> Tensor:
        """Run one path the plain way and return what the head says at every token, ``(T, C)``."""
        row = self.tensor(ids)
        return self.head_of(
            [n.backbone(input_ids=row, use_cache=False).last_hidden_state for n in self.networks]
        )[0]

    def values(self, ids: Int32) -> Float64:
        """Run one path the plain way and return f at every token, ``(T,)``."""
        return numbers(self.readout(self.heads(ids)))

    def at_ends(self, sequences: Sequence[Int32]) -> Float64:
        """Return f at the last token of each sequence, ``(S,)``; shared beginnings run once."""
        before = replace(self.spent)
        self._check()
        for name in Spent.__slots__:
            setattr(self.spent, name, getattr(before, name))
        found = np.full(len(sequences), np.nan)
        for shared in share(sequences):
            values = self._run_tree(shared.tree, self.readout)
            for number, node in shared.ends.items():
                found[number] = values[shared.tree.starts[node + 1] - 1]
        return found

    def embed(self, ids: Int32) -> list[Tensor]:
        """Return the embeddings of a path, ``(T, H)`` of each network."""
        row = self.tensor(ids)[0]
        return [n.backbone.get_input_embeddings()(row).detach() for n in self.networks]

    def read_embeds(self, embeds: Sequence[Tensor], read: int) -> Tensor:
        """Return f ``(B,)`` read at token ``read`` of rows of embeddings ``(B, T, H)`` per network."""
        hidden = [
            n.backbone(inputs_embeds=e, use_cache=False).last_hidden_state[:, read]
            for n, e in zip(self.networks, embeds, strict=True)
        ]
        return self.readout(self.head_of(hidden))

    def head_of(self, hidden: Sequence[Tensor]) -> Tensor:
        """Turn hidden states of each network into head outputs, side by side."""
        said = [n.head(h).float() for n, h in zip(self.networks, hidden, strict=True)]
        return torch.cat(said, dim=-1)

    def tensor(self, ids: Int32) -> Tensor:
        """Return ids as one row ``(1, T)`` where the networks live."""
        return torch.from_numpy(ids.astype(np.int64))[None].to(self.device)


@contextmanager
def subject_of(model: Any, output: str) -> Iterator[Subject]:
    """Open a model as a subject; its weights are frozen and its passes counted inside.

    Args:
        model: what ``scoring.reward.load`` opened.
        output: ``value`` or ``score``.

    Raises:
        AttributionError: it has no one number per path; says why.
    """
    subject = _open(model, output)
    hooks = [
        n.backbone.register_forward_pre_hook(_counting(subject.spent), with_kwargs=True)
        for n in subject.networks
    ]
    learnt = [p for n in subject.networks for p in n.parameters() if p.requires_grad]
    try:
        for parameter in learnt:
            parameter.requires_grad_(False)
        with torch.inference_mode(mode=False):
            yield subject
    finally:
        for parameter in learnt:
            parameter.requires_grad_(True)
        for hook in hooks:
            hook.remove()


@contextmanager
def plain_attention(subject: Subject) -> Iterator[None]:
    """Run without block masks inside: gradients and caches want the ordinary kernel."""
    flexible = [n for n in subject.networks if n.plan.attention == "flex"]
    for network in flexible:
        network.backbone.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        for network in flexible:
            network.backbone.set_attn_implementation("flex_attention")


def numbers(values: Tensor) -> Float64:
    """Return float64 numbers of a tensor."""
    return values.detach().cpu().numpy().astype(np.float64)


def _open(model: Any, output: str) -> Subject:
    if isinstance(model, RewardModel):
        return _trained(model, output)
    if isinstance(model, PathScorer):
        return _published(model, output)
    if isinstance(model, ImplicitPrm):
        raise AttributionError(REASONS["implicit_prm"])
    if isinstance(model, Likelihood):
        raise AttributionError(REASONS["likelihood"])
    raise AttributionError(REASONS["judge"])


def _trained(model: RewardModel, output: str) -> Subject:
    network, kind = model.network, model.kind
    networks: list[Any] = list(network.networks) if isinstance(network, Members) else [network]
    if getattr(kind.config, "reading", "tree") != "tree":
        raise AttributionError(SEQUENCE)

    @torch.no_grad()
    def run_tree(tree: EncodedTree, readout: Callable[[Tensor], Tensor]) -> Float64:
        values = np.empty(len(tree.ids))
        for laid in rows(tree, model.cost, budget=min(model.budget, ROW_BUDGET)):
            own = slice(int(tree.starts[laid.nodes[0]]), int(tree.starts[laid.nodes[-1] + 1]))
            said = readout(network(collate([laid], model.device)).head[0])
            values[own] = numbers(said)[laid.first_own :]
        return values

    return Subject(
        networks,
        TrainedLayout(model.tokenizer, model.context),
        kind.value if output == "value" else kind.reward,
        run_tree,
        model.self_check,
        device=model.device,
        facts={"model": named_weights(network), "template": model.tokenizer.layout_hash},
        spread=_spread(kind, output),
        kind=kind,
    )


def _published(model: PathScorer, output: str) -> Subject:
    passes = model.passes

    def readout(head: Tensor) -> Tensor:
        value = model.readout.value(head)
        return torch.sigmoid(value) if output == "score" else value

    def run_tree(tree: EncodedTree, read: Callable[[Tensor], Tensor]) -> Float64:
        return numbers(read(torch.from_numpy(passes.over(tree))))

    return Subject(
        [passes.network],
        PublishedLayout(model.layout, passes.context),
        readout,
        run_tree,
        passes.self_check,
        device=passes.device,
        facts={
            "model": str(model.facts.get("commit") or "") or named_weights(passes.network),
            "template": str(model.facts["layout_hash"]),
        },
        spread=1.0 if output == "value" else SCORE_SPREAD,
        caches=passes.packs,
    )


def _spread(kind: Any, output: str) -> float:
    """Return the spread of the values that scores of a trained kind are measured against, else 1."""
    references = np.array(getattr(kind, "references", ()), dtype=np.float64)
    if references.ndim == 2:  # by head or annotator; of the combination last, of the prior first
        references = references[-1 if hasattr(kind, "heads") else 0]
    spread = float(references.std()) if references.size else 0.0
    return (spread or 1.0) * (1.0 if output == "value" else SCORE_SPREAD)


def named_weights(network: Any) -> str:
    """Return the hash of a network's weights, taken once."""
    found: str | None = getattr(network, _HASH, None)
    if found is None:
        found = weights_hash(network)
        setattr(network, _HASH, found)
    return found


def _counting(spent: Spent) -> Callable[..., None]:
    def count(_module: Any, _args: Any, given: dict[str, Any]) -> None:
        ids = given.get("input_ids")
        n_rows, tokens = (given["inputs_embeds"] if ids is None else ids).shape[:2]
        spent.calls += 1
        spent.forwards += n_rows
        spent.tokens += n_rows * tokens

    return count


def _unheard(_share: float) -> None:
    """Nobody listens."""
