"""How large a base is, read from its config and the headers of its weights. Torch-free.

So a web process can say what a run will need before anything is downloaded or opened.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.errors import ModelLoadError
from scoring.reward.manifest import MANIFEST, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.reward.config import BaseConfig

MOST_HEADER = 100_000_000  # bytes; the format's own limit
TINY = "tiny"
TINY_HEAD = 64
_NAMES = {
    "vocabulary": ("vocab_size",),
    "width": ("hidden_size", "n_embd", "d_model"),
    "layers": ("num_hidden_layers", "n_layer", "num_layers"),
    "heads": ("num_attention_heads", "n_head"),
    "inner": ("intermediate_size", "n_inner", "ffn_dim"),
}


@dataclass(frozen=True, slots=True)
class Linear:
    """One linear layer: the last part of its name, its inputs and outputs."""

    name: str
    inputs: int
    outputs: int


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoder without its language-model head.

    Attributes:
        vocabulary: rows of the embedding.
        width: hidden size.
        layers: decoder layers.
        attention: width of all heads together.
        heads: of one layer's attention.
        inner: width of the feed-forward layer.
        parameters: all weights, the embedding included.
        linears: linear layers, from which adapters are counted.
    """

    vocabulary: int
    width: int
    layers: int
    attention: int
    heads: int
    inner: int
    parameters: int
    linears: tuple[Linear, ...]

    @property
    def weights(self) -> int:
        """Weights that every token is multiplied by: all but the embedding."""
        return self.parameters - self.vocabulary * self.width

    def adapter(self, rank: int, targets: str) -> int:
        """Count the weights of an adapter; targets as ``Adapter.targets`` has them."""
        names = {name.strip() for name in targets.split(",")}
        everything = names == {"all-linear"}
        chosen = [one for one in self.linears if everything or one.name in names]
        return sum(rank * (one.inputs + one.outputs) for one in chosen)


def base_shape(base: str, config: BaseConfig) -> Shape | None:
    """Return the shape of what a run starts from; None if it lies on the hub and not here.

    Args:
        base: ``tiny``, a folder or a hub id.
        config: of the kind, for ``tiny``.

    Raises:
        ModelLoadError: the folder cannot be read.
    """
    if base == TINY:
        return tiny_shape(config)
    folder = Path(base) if Path(base).is_dir() else _cached(base)
    if folder is None:
        return None
    if (folder / MANIFEST).is_file():
        manifest = read_manifest(folder)
        if "adapter" in manifest:  # its weights are elsewhere
            return base_shape(str(manifest["base"]), config)
    return folder_shape(folder)


def tiny_shape(config: BaseConfig) -> Shape:
    """Return the shape of the base ``tiny``; its vocabulary is at most what is given here."""
    width, vocabulary = config.tiny_width, config.tiny_vocabulary + 1
    inner = width * 8 // 3 // 32 * 32
    linears = [Linear(f"{name}_proj", width, width) for name in "qkvo"]
    linears += [Linear(f"{name}_proj", width, inner) for name in ("gate", "up")]
    linears.append(Linear("down_proj", inner, width))
    norms = 2 * width + 2 * TINY_HEAD
    layer = sum(one.inputs * one.outputs for one in linears) + norms
    return Shape(
        vocabulary=vocabulary,
        width=width,
        layers=config.tiny_layers,
        attention=width,
        heads=width // TINY_HEAD,
        inner=inner,
        parameters=vocabulary * width + config.tiny_layers * layer + width,
        linears=tuple(linears) * config.tiny_layers,
    )


def folder_shape(folder: Path) -> Shape:
    """Return the shape of the causal LM in ``folder``, or of a model trained here.

    Raises:
        ModelLoadError: config or weights cannot be read.
    """
    config = _config(folder)
    names = {name: _first(config, keys) for name, keys in _NAMES.items()}
    width, layers = names["width"], names["layers"]
    if not width or not layers:
        raise ModelLoadError(f"{folder / 'config.json'} does not say how wide and deep it is.")
    tensors = [t for path in sorted(folder.glob("*.safetensors")) for t in _tensors(path)]
    if not tensors:
        raise ModelLoadError(f"{folder} has no weights: *.safetensors are missing.")
    own = [(name, shape) for name, shape in tensors if not _is_head(name)]
    embeddings = {
        shape
        for name, shape in own
        if "embed" in name or ".wte." in f".{name}" or ".wpe." in f".{name}"
    }
    vocabulary = max((shape[0] for shape in embeddings), default=names["vocabulary"])
    heads = names["heads"] or 1
    return Shape(
        vocabulary=vocabulary,
        width=width,
        layers=layers,
        attention=heads * int(config.get("head_dim") or width // heads),
        heads=heads,
        inner=names["inner"] or 4 * width,
        parameters=sum(math.prod(shape) for _, shape in own),
        linears=tuple(
            Linear(name.removesuffix(".weight").rsplit(".", 1)[-1], shape[1], shape[0])
            for name, shape in own
            if len(shape) == 2 and name.endswith(".weight") and shape not in embeddings
        ),
    )


def _cached(hub_id: str) -> Path | None:
    """Return the newest snapshot of a hub's repository on this machine, without asking the hub."""
    from huggingface_hub.constants import HF_HUB_CACHE

    kept = Path(HF_HUB_CACHE, f"models--{hub_id.replace('/', '--')}", "snapshots")
    found = [path for path in kept.glob("*") if any(path.glob("*.safetensors"))]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _is_head(name: str) -> bool:
    """Say whether a tensor is no part of the decoder: a language-model or reward head."""
    return name.startswith(("lm_head.", "head.", "score."))


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ModelLoadError(f"{folder / 'config.json'} cannot be read: {error}.") from None
    nested = config.get("text_config")
    return nested if isinstance(nested, dict) else dict(config)


def _first(config: dict[str, Any], keys: tuple[str, ...]) -> int:
    found = (config[key] for key in keys if isinstance(config.get(key), int))
    return next(found, 0)


def _tensors(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield names and shapes of a safetensors file, which starts with a JSON header.

    Raises:
        ModelLoadError: it has no such header.
    """
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(size, MOST_HEADER)))
        for name, about in header.items():
            if name != "__metadata__":
                yield name, tuple(int(n) for n in about["shape"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelLoadError(f"{path} is no safetensors file: {error}.") from None
