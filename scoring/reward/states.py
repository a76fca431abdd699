"""The hidden states behind a model's scores: read at the same tokens, in the same packed pass.

Kinds that read a step in several places give the mean over these, as they do of scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from scoring.errors import OutOfMemoryError
from scoring.reward.memory import is_out_of_memory

if TYPE_CHECKING:
    from scoring.reward.model import RewardModel
    from scoring.tree import Tree

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


def tree_states(model: RewardModel, problem_text: str, tree: Tree) -> Float32:
    """Return the last hidden state of every step where its score is read.

    Args:
        model: trained here; of several members their states side by side.
        problem_text: the prompt.
        tree: N nodes.

    Returns:
        ``(N, D)`` float32, NaN at the root and where the path is longer than the context.

    Raises:
        PackingError: if packed and plain numbers differ for this model.
        OutOfMemoryError: a row does not fit.
    """
    model.self_check()
    encoding = model.encode(problem_text, tree)
    width = head_width(model)
    total = np.zeros((len(tree), width), dtype=np.float64)
    count = np.zeros(len(tree), dtype=np.int64)
    try:
        for laid in model.rows(encoding.tree) if len(encoding.tree.ids) else ():
            held = model.run([laid]).hidden[0, torch.from_numpy(laid.read).to(model.device)]
            origin = encoding.origin[laid.nodes]
            steps = origin > 0
            np.add.at(total, origin[steps], held.float().cpu().numpy()[steps])
            np.add.at(count, origin[steps], 1)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemoryError(
            "There is not enough memory to read the states. Use a worker with more memory, or a "
            "smaller model."
        ) from error
    read = count > 0
    states = np.full((len(tree), width), np.nan, dtype=np.float32)
    states[read] = total[read] / count[read, None]
    return states


def head_width(model: RewardModel) -> int:
    """Return D, the width of the states that the head reads; of members, of all of them."""
    own = int(model.network.backbone.config.get_text_config().hidden_size)
    return own * len(getattr(model.network, "networks", (None,)))


def head_direction(model: RewardModel) -> Float64 | None:
    """Return the ``(D,)`` direction along which the head reads states, None if it is no linear one.

    It is the gradient of the kind's value before it becomes a score; that it is the same at three
    states says that the head is linear.
    """
    width = head_width(model)
    draw = torch.Generator().manual_seed(0)
    states = torch.randn((3, width), generator=draw).to(model.device)
    states[0] = 0.0
    with torch.enable_grad():
        states.requires_grad_()
        value = model.kind.value(_head(model, states))
        if value.shape != (3,):
            return None
        (slopes,) = torch.autograd.grad(value.sum(), states)
    found = slopes.double().cpu().numpy()
    scale = np.abs(found).max()
    if not np.isfinite(scale) or np.abs(found - found[0]).max() > 1e-4 * scale or scale == 0:
        return None
    return np.asarray(found[0], np.float64)


def _head(model: RewardModel, states: torch.Tensor) -> Any:
    """Return what the head makes of ``(M, D)`` states, in the width in which its weights are."""
    networks = getattr(model.network, "networks", None) or [model.network]
    parts = states.chunk(len(networks), dim=-1)
    made = [
        network.head(part.to(next(network.head.parameters()).dtype)).float()
        for network, part in zip(networks, parts, strict=True)
    ]
    return torch.cat(made, dim=-1)
