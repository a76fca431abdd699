"""The processes that train one model, and what each of them holds of it.

``Team`` is a run in one process: nothing is shared and nothing is sent. In ``Processes`` every process
has a share of the weights, their gradients and AdamW's moments (FSDP2: Zhao et al. 2023, arXiv
2304.11277, as ``torch.distributed.fsdp.fully_shard``) and works on a share of the rows of every
optimiser step. Layers are gathered when they are needed, so **all processes call the network equally
often**: whoever has fewer passes runs one more without weight, and what is not learning (self-check,
evaluations) is done by all of them alike.

accelerate gives each process its device and its backend (NCCL, or gloo on a CPU). Its own ``prepare``
would shard on accelerators only, and the code that a CPU tests would not be the one that a GPU runs.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from scoring.reward.lora import trained_state
from scoring.training.examples import passes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from accelerate import PartialState

    from scoring.reward.model import RewardModel
    from scoring.training.examples import Example

T = TypeVar("T")
Dealt = list[tuple[list["Example"], bool]]


class Team:
    """A run in one process.

    Attributes:
        rank: number of this process, from 0.
        size: how many there are.
    """

    rank = 0
    size = 1

    @property
    def first(self) -> bool:
        """This process writes files and speaks for all."""
        return self.rank == 0

    def agree(self, ask: Callable[[], T]) -> T:
        """Return the first process's answer in all of them; only it is asked."""
        return ask()

    def wait(self) -> None:
        """Go on when all processes are here."""

    @contextmanager
    def first_before(self) -> Iterator[None]:
        """Let the first process through the block before the others."""
        yield

    def makes_on(self, device: torch.device) -> torch.device:
        """Say where a model is made that is to work on ``device``."""
        return device

    def share_out(self, model: RewardModel, device: torch.device) -> None:
        """Leave in each process its share of the model's weights."""

    def open(self, network: Any) -> None:
        """Gather embedding and head, for what reads them outside the network's own methods."""

    def reseed(self, seed: int, step: int) -> None:
        """Give each process its own random numbers for a step."""

    def deal(self, examples: Sequence[Example], pass_tokens: int) -> Dealt:
        """Return this process's passes over the rows of a step, and whether each counts."""
        return [(group, True) for group in passes(examples, pass_tokens)]

    def backward(self, network: nn.Module, total: Tensor, *, counts: bool) -> None:
        """Add the gradient of a pass's share of the loss."""
        del network, counts
        total.backward()

    def sums(self, *own: float) -> tuple[float, ...]:
        """Add up each number over the processes."""
        return own

    def whole(self, tensor: Tensor) -> Tensor:
        """Put the shares of a tensor together; all processes must ask."""
        return tensor

    def part(self, whole: Tensor, like: Tensor) -> Tensor:
        """Return this process's share of ``whole``, cut as ``like`` is."""
        del like
        return whole

    def state(self, network: nn.Module) -> dict[str, Tensor]:
        """Return what a run changes, whole; all processes must ask, and only the first is told."""
        return trained_state(network)

    def joined(self, network: Any) -> Any:
        """Return the network with whole weights, of use in the first process only; all must ask."""
        return network


ALONE = Team()


class Processes(Team):
    """One of several processes that are connected (``scoring.training.launch``)."""

    def __init__(self, state: PartialState) -> None:
        self.rank, self.size, self.device = state.process_index, state.num_processes, state.device
        self._state = state
        self._hull: nn.Module | None = None

    def agree(self, ask: Callable[[], T]) -> T:
        """Return the first process's answer in all of them; only it is asked."""
        held = [ask() if self.first else None]
        torch.distributed.broadcast_object_list(held, src=0, device=self.device)
        answer: Any = held[0]
        return answer

    def wait(self) -> None:
        """Go on when all processes are here."""
        self._state.wait_for_everyone()

    @contextmanager
    def first_before(self) -> Iterator[None]:
        """Let the first process through the block before the others."""
        with self._state.main_process_first():
            yield

    def makes_on(self, device: torch.device) -> torch.device:
        """Say the CPU: no GPU ever holds the whole model."""
        del device
        return torch.device("cpu")

    def share_out(self, model: RewardModel, device: torch.device) -> None:
        """Leave in each process its share of every weight; layers are gathered one at a time."""
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

        network = model.network
        self._hull = _hull(network)
        mesh = init_device_mesh(device.type, (self.size,))
        for layer in _layers(network.backbone):
            fully_shard(layer, mesh=mesh)
        # Embedding and head are with the root, which stays gathered from ``hidden`` to the end of the
        # backward pass: both are used outside any module's forward.
        fully_shard(network, mesh=mesh)
        for method in ("hidden", "plain"):
            register_fsdp_forward_method(network, method)
        model.device = device

    def open(self, network: Any) -> None:
        """Gather embedding and head, for what reads them outside the network's own methods."""
        network.unshard()

    def reseed(self, seed: int, step: int) -> None:
        """Give each process its own random numbers for a step, the same when it is resumed."""
        drawn = np.random.SeedSequence((seed, step, self.rank)).generate_state(1, np.uint64)[0]
        torch.manual_seed(int(drawn) >> 1)

    def deal(self, examples: Sequence[Example], pass_tokens: int) -> Dealt:
        """Deal rows, longest first, to whoever has the fewest tokens; all get equally many passes."""
        hands: list[list[Example]] = [[] for _ in range(self.size)]
        held = [0] * self.size
        for example in sorted(examples, key=lambda e: len(e.row), reverse=True):
            least = held.index(min(held))
            hands[least].append(example)
            held[least] += len(example.row)
        dealt = [passes(hand, pass_tokens) for hand in hands]
        own = dealt[self.rank]
        missing = max(map(len, dealt)) - len(own)
        shortest = min(examples, key=lambda e: len(e.row))
        return [(group, True) for group in own] + [([shortest], False)] * missing

    def backward(self, network: Any, total: Tensor, *, counts: bool) -> None:
        """Add the gradient of a pass; FSDP takes the mean over processes, and the loss is a sum."""
        # A weight without a gradient in one process would leave the others waiting for it.
        touched = sum(p.sum() for p in network.head.parameters() if p.requires_grad)
        (total * (self.size if counts else 0) + 0 * touched).backward()

    def sums(self, *own: float) -> tuple[float, ...]:
        """Add up each number over the processes."""
        numbers = torch.tensor(own, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(numbers)
        return tuple(numbers.tolist())

    def whole(self, tensor: Tensor) -> Tensor:
        """Put the shares of a tensor together; all processes must ask."""
        from torch.distributed.tensor import DTensor

        return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor

    def part(self, whole: Tensor, like: Tensor) -> Tensor:
        """Return this process's share of ``whole``, cut as ``like`` is; nothing is sent."""
        from torch.distributed.tensor import DTensor, distribute_tensor

        if not isinstance(like, DTensor):
            return whole
        there = whole.to(self.device)
        return distribute_tensor(there, like.device_mesh, like.placements, src_data_rank=None)

    def state(self, network: Any) -> dict[str, Tensor]:
        """Return what a run changes, whole and on the CPU; only the first process keeps it."""
        network.reshard()  # an evaluation leaves the root gathered
        kept: dict[str, Tensor] = {}
        for name, tensor in trained_state(network).items():
            whole = self.whole(tensor)
            if self.first:
                kept[name] = whole.detach().cpu().contiguous()
        return kept

    def joined(self, network: Any) -> Any:
        """Return a network of whole weights on the CPU; of an adapter's base it has the shapes only."""
        state = self.state(network)
        assert self._hull is not None  # noqa: S101 - ``share_out`` comes before everything
        if self.first:
            self._hull.load_state_dict(state, strict=False, assign=True)
        return self._hull


def _hull(network: nn.Module) -> nn.Module:
    """Copy a network without its numbers."""
    memo: dict[int, Any] = {}
    for weight in network.parameters():
        empty = torch.empty_like(weight, device="meta")
        memo[id(weight)] = nn.Parameter(empty, requires_grad=weight.requires_grad)
    for buffer in network.buffers():
        memo[id(buffer)] = torch.empty_like(buffer, device="meta")
    return copy.deepcopy(network, memo)


def _layers(backbone: Any) -> list[nn.Module]:
    """Return the decoder's layers, by the names that transformers says must stay in one piece."""
    names = set(getattr(backbone, "_no_split_modules", None) or ())
    return [module for module in backbone.modules() if type(module).__name__ in names]
