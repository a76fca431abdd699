"""Several trained networks read as one: their hidden states and head outputs side by side.

They share tokenizer and row layout, nothing else. Only weights are held: a member brings no optimiser,
no gradient and no tokenizer of its own. On disk they are a folder each, which opens alone too:

tracewood.json     kind, config, how members are put on a common scale, provenance, metrics
members/1          the artefact of the first member (``scoring/reward/artefact.py``)
members/2 …
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from scoring.errors import ModelLoadError
from scoring.reward import artefact
from scoring.reward.manifest import MANIFEST, read_manifest, write_manifest
from scoring.reward.model import RewardModel
from scoring.reward.network import Output
from scoring.reward.registry import kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor

    from scoring.reward.manifest import Manifest
    from scoring.reward.model_kind import KindRow
    from scoring.reward.network import Attention, Batch, RewardNetwork
    from scoring.reward.tokenizer import StepTokenizer

MEMBERS = "members"


class Members(nn.Module):
    """k networks that answer together, in their order; for scoring only.

    Attributes:
        backbone: the first member's, for the shape that all share.
    """

    def __init__(self, networks: Sequence[RewardNetwork]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks).requires_grad_(requires_grad=False)

    @property
    def backbone(self) -> Any:
        """The decoder of the first member."""
        return self.networks[0].backbone

    def forward(self, batch: Batch) -> Output:
        """Run packed rows through every member: ``(B, T, k·H)`` and ``(B, T, k·C)``."""
        return self._joined(lambda network: network(batch))

    def plain(self, ids: Tensor) -> Output:
        """Run one path ``(1, T)`` through every member without masks or positions."""
        return self._joined(lambda network: network.plain(ids))

    def _joined(self, run: Callable[[Any], Output]) -> Output:
        outputs = [run(network) for network in self.networks]
        return Output(
            hidden=torch.cat([out.hidden for out in outputs], dim=-1),
            head=torch.cat([out.head for out in outputs], dim=-1),
        )


def member_folder(folder: Path, number: int) -> Path:
    """Return where member ``number``, counted from 0, of the model in ``folder`` is."""
    return folder / MEMBERS / str(number + 1)


def join_members(folder: Path, count: int, made: Any, device: str, **how: Any) -> RewardModel:
    """Open the members below ``folder`` one after another and read them as one model.

    Args:
        folder: of the whole.
        count: how many members.
        made: the kind that reads them together.
        device: a torch device.
        **how: ``attention`` and ``info`` of the whole.

    Raises:
        ModelLoadError: a member is missing, is of another kind, or lays out texts otherwise.
    """
    info = how.pop("info", None)
    networks: list[Any] = []
    tokenizer = None
    for number in range(count):
        place = member_folder(folder, number)
        manifest = read_manifest(place)
        if manifest["kind"] != made.config.member:
            raise ModelLoadError(
                f"{place} is of the kind {manifest['kind']}, not {made.config.member}"
            )
        member = artefact.open_trained(place, manifest, device, **how)
        tokenizer = tokenizer or member.tokenizer
        if member.tokenizer.layout_hash != tokenizer.layout_hash:
            raise ModelLoadError(f"{place} lays out texts otherwise than the first member")
        networks.append(member.network)
    assert tokenizer is not None  # noqa: S101 - an ensemble has two members at least
    return RewardModel(Members(networks), tokenizer, made, device=device, info=info)


def open_members(
    folder: Path, manifest: Manifest, device: str = "cpu", *, attention: Attention | None = None
) -> RewardModel:
    """Open the artefact in ``folder``, all members of it; see ``artefact.load``."""
    try:
        row = kind(manifest["kind"])
        config: Any = row.load_config()(**manifest["config"])
        made = row.load(config, **manifest.get("fixed", {}))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelLoadError(
            f"{folder / MANIFEST} is not a complete manifest: {error!r}"
        ) from error
    return join_members(folder, config.members, made, device, attention=attention, info=manifest)


def save_members(
    folder: Path,
    *,
    network: Members,
    tokenizer: StepTokenizer,
    row: KindRow,
    config: Any,
    base: str,
    details: dict[str, Any],
    fixed: dict[str, Any] | None = None,
) -> Manifest:
    """Write the manifest of a model whose members lie in ``folder`` already; see ``artefact.save``.

    Raises:
        ModelLoadError: they are not all there.
    """
    for number in range(len(network.networks)):
        read_manifest(member_folder(folder, number))
    manifest = artefact.describe(tokenizer, row, config, base, details, fixed)
    write_manifest(folder, manifest)
    return manifest
