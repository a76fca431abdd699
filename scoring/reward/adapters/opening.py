"""Published weights from a folder or the hub: safetensors only, nothing of theirs is run.

A head that transformers has no class for is read from its tensors: layers of products with ReLU
between, which is what heads of published reward models are. Nothing is ever left random.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import AutoModel, AutoModelForCausalLM, PreTrainedTokenizerFast

from scoring.errors import ModelLoadError
from scoring.reward.artefact import open_device
from scoring.reward.backbone import mask_plan
from scoring.reward.base import check_folder
from scoring.reward.network import RewardNetwork

if TYPE_CHECKING:
    from scoring.reward.adapters.config import PublishedConfig

FILES = ["*.json", "*.jinja", "*.safetensors", "tokenizer.model"]
HEADS = ("score", "v_head.summary", "v_head")
"""Where the tensors of a head are looked for, in this order."""


@dataclass(frozen=True, slots=True)
class Published:
    """What was found.

    Attributes:
        folder: its files.
        commit: which state of the hub repository that is, "" for a folder.
        device: where it runs.
        dtype: what its weights are.
    """

    folder: Path
    commit: str
    device: torch.device
    dtype: torch.dtype

    def backbone(self, auto: Any = AutoModel) -> Any:
        """Read the weights that ``auto`` knows.

        Raises:
            ModelLoadError: weights are missing.
        """
        module, loading = _read(
            auto,
            self.folder,
            use_safetensors=True,
            dtype=self.dtype,
            attn_implementation="sdpa",
            output_loading_info=True,
        )
        if missing := sorted(loading["missing_keys"]):
            raise ModelLoadError(
                f"{self.folder} lacks {len(missing)} of its weights ({missing[0]} …): what is in its "
                "safetensors does not fit its config.json, and the rest would be random."
            )
        return module

    def headed(self, outputs: int) -> RewardNetwork:
        """Read the decoder and the head that stands on it.

        Args:
            outputs: how many numbers the head must give.

        Raises:
            ModelLoadError: there is no such head.
        """
        backbone = self.backbone()
        head = _head(self.folder, backbone.config.get_text_config().hidden_size, outputs)
        return self.network(backbone, head.to(self.dtype))

    def language_model(self) -> tuple[Any, nn.Linear]:
        """Read a causal language model: its decoder, and the matrix from hidden states to logits.

        Raises:
            ModelLoadError: it is none, or its logits are more than that product.
        """
        model = self.backbone(AutoModelForCausalLM).eval()
        decoder, out = model.base_model, model.get_output_embeddings()
        probe = torch.arange(8)[None] % model.config.get_text_config().vocab_size
        with torch.no_grad():
            want = model(input_ids=probe, use_cache=False).logits
            got = out(decoder(input_ids=probe, use_cache=False).last_hidden_state)
        if not torch.allclose(want.float(), got.float(), rtol=1e-3, atol=1e-3):
            raise ModelLoadError(
                f"{self.folder} changes its logits behind the output matrix (a cap or a scale), which is "
                "not known here."
            )
        return decoder, out

    def network(self, backbone: Any, head: nn.Module) -> RewardNetwork:
        """Put a decoder and a head together for packing."""
        flex = self.device.type == "cuda"
        if flex:
            backbone.set_attn_implementation("flex_attention")
        plan = mask_plan(backbone.config, "flex" if flex else "sdpa")
        return RewardNetwork(backbone, head, plan)

    def tokenizer(self) -> Any:
        """Read ``tokenizer.json`` and the chat template beside it.

        Raises:
            ModelLoadError: there is none.
        """
        if not (self.folder / "tokenizer.json").is_file():
            raise ModelLoadError(
                f"{self.folder} has no tokenizer.json: save its fast tokenizer beside the weights."
            )
        # Not AutoTokenizer, which may take rules of its own instead of those in tokenizer.json.
        return _read(PreTrainedTokenizerFast, self.folder)


def open_published(config: PublishedConfig, device: str, *, name: str = "") -> Published:
    """Find the files of a published model, fetched if it is named by its id.

    Args:
        config: names it, and how it is run.
        device: a torch device.
        name: another model than ``config.model``, at no particular revision.

    Raises:
        ModelLoadError: it is not there, or would have to run code of its own.
    """
    folder = Path(name or config.model)
    commit = ""
    if not folder.is_absolute():
        folder = _fetched(str(folder), "" if name else config.revision)
        commit = folder.name
    check_folder(folder)
    dtype = torch.bfloat16 if config.precision == "bfloat16" else torch.float32
    return Published(folder, commit, open_device(device), dtype)


def _fetched(name: str, revision: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=FILES))
    except (OSError, ValueError) as error:
        raise ModelLoadError(
            f"The hub did not give '{name}'{f' at {revision}' if revision else ''}: "
            f"{str(error).splitlines()[0]}"
        ) from error


def _head(folder: Path, width: int, outputs: int) -> nn.Module:
    """Build the head whose tensors lie in ``folder``; see ``HEADS``."""
    found = _tensors(folder)
    for prefix in HEADS:
        own = {k[len(prefix) + 1 :]: v for k, v in found.items() if k.startswith(f"{prefix}.")}
        if own:
            break
    else:
        raise ModelLoadError(
            f"{folder} has no head (tensors called {' or '.join(HEADS)}): it is a plain language "
            "model. Choose a kind that reads next-token probabilities, or train a head on it."
        )
    # "weight" alone is one layer; "0.weight", "2.weight" are layers in this order.
    stems = sorted({name.rpartition(".")[0] for name in own}, key=lambda stem: (len(stem), stem))
    layers: list[nn.Module] = []
    for stem in stems:
        front = f"{stem}." if stem else ""
        weight = own.get(f"{front}weight")
        if weight is None or weight.ndim != 2 or weight.shape[1] != width:
            raise ModelLoadError(
                f"{folder} has a head of a shape that is not known here ({prefix})."
            )
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=f"{front}bias" in own)
        layer.load_state_dict({k: own[f"{front}{k}"] for k in layer.state_dict()})
        layers += [nn.ReLU(), layer] if layers else [layer]
        width = weight.shape[0]
    if width != outputs:
        raise ModelLoadError(
            f"The head of {folder} gives {width} numbers at a token and this kind reads {outputs}: "
            "choose the kind that it was made as."
        )
    return nn.Sequential(*layers)


def _tensors(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(str(path), framework="pt") as opened:
                names = [k for k in opened.keys() if k.startswith(HEADS)]  # noqa: SIM118
                found |= {name: opened.get_tensor(name) for name in names}
        except (SafetensorError, OSError) as error:
            raise ModelLoadError(f"{path} cannot be read: {error}.") from None
    return found


def _read(source: Any, folder: Path, **options: Any) -> Any:
    try:
        return source.from_pretrained(str(folder), trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise ModelLoadError(f"{folder} cannot be opened: {str(error).splitlines()[0]}") from error
