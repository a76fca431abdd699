"""Where backbones come from: built from a config (``tiny``) or read from safetensors.

Only models whose attention can be packed are let in: linear attention and state-space layers carry
state along the sequence, and dynamic or long rope depends on the longest path seen, so that even a
plain pass has no one true answer (docs/reward_models.md, "Limits").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, PretrainedConfig
from transformers.utils import cached_file

from scoring.errors import ModelLoadError, PackingError
from scoring.reward.base import check_folder
from scoring.reward.network import Attention, MaskPlan
from scoring.reward.packing import CostModel
from scoring.reward.tokenizer import StepTokenizer

if TYPE_CHECKING:
    from scoring.reward.config import BaseConfig

TINY = "tiny"
_PACKABLE_LAYERS = {"full_attention", "sliding_attention"}
_DYNAMIC_ROPE = {"dynamic", "longrope"}
DEFAULT_CONTEXT = 32768
_PERIODS = (2.0, 4.0, 5.0, 8.0, 10.0, 16.0, 20.0, 25.0, 40.0, 50.0, 100.0, 200.0)


@dataclass(frozen=True, slots=True)
class Backbone:
    """A decoder, the tokenizer it was made for, and what both are called.

    Attributes:
        module: Hugging Face base model, float32 unless said otherwise.
        tokenizer: with the separator that this backbone has an embedding row for.
        name: ``tiny``, a hub id or a folder.
        revision: commit of a base from the hub, else None.
    """

    module: nn.Module
    tokenizer: StepTokenizer
    name: str
    revision: str | None = None


def build_tiny(config: BaseConfig, tokenizer: StepTokenizer) -> Backbone:
    """Build a small Qwen3-style decoder with random weights (seed torch first)."""
    from transformers import Qwen3Config, Qwen3Model

    width = config.tiny_width
    shape = Qwen3Config(
        vocab_size=tokenizer.separator + 1,
        hidden_size=width,
        intermediate_size=width * 8 // 3 // 32 * 32,
        num_hidden_layers=config.tiny_layers,
        num_attention_heads=width // 64,
        num_key_value_heads=width // 64,
        head_dim=64,
        max_position_embeddings=config.tiny_context,
        tie_word_embeddings=True,
        # Wider than the usual 0.02, which is for large models: here it would be a slow start.
        initializer_range=width**-0.5,
        attn_implementation="sdpa",
    )
    module = Qwen3Model(shape)
    _order_numbers(module.get_input_embeddings(), tokenizer)
    return Backbone(module=module, tokenizer=tokenizer, name=TINY)


def open_base(name: str, revision: str | None = None) -> Backbone:
    """Read a causal LM from a folder or the hub and give it a separator of its own.

    The separator is one new id behind the vocabulary; its embedding starts as the mean of the
    others. The same files give the same weights.

    Args:
        name: folder or hub id.
        revision: commit of the hub's repository; None takes the newest.

    Raises:
        ModelLoadError: if it is missing, has no safetensors weights or no fast tokenizer.
        PackingError: if its layers cannot be packed.
    """
    if Path(name).is_dir():
        check_folder(Path(name))
    else:  # so that config, weights and tokenizer are of one commit
        revision = _commit(name, revision) or revision
    config = _read(AutoConfig, name, revision=revision)
    refuse_unpackable(config)
    module, loading = _read(
        AutoModel,
        name,
        revision=revision,
        use_safetensors=True,
        dtype=torch.float32,
        attn_implementation="sdpa",
        output_loading_info=True,
    )
    if missing := sorted(loading["missing_keys"]):
        raise ModelLoadError(
            f"base model '{name}' lacks {len(missing)} of its weights ({missing[0]} …): what is in "
            "its safetensors does not fit its config.json, and the rest would be random"
        )
    tokenizer = _read(AutoTokenizer, name, use_fast=True, revision=revision)
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise ModelLoadError(f"'{name}' has no fast tokenizer (tokenizer.json); save one beside it")
    separator = max(len(tokenizer), 1)
    read = min(module.get_input_embeddings().num_embeddings, separator)
    if separator >= module.get_input_embeddings().num_embeddings:
        module.resize_token_embeddings(separator + 1, mean_resizing=False)
    rows = module.get_input_embeddings().weight
    with torch.no_grad():  # rows that no file holds would be random otherwise
        rows[read : separator + 1] = rows[:read].mean(dim=0)
    begins = getattr(tokenizer, "bos_token_id", None)
    prefix = [begins] if begins is not None and begins in tokenizer("").input_ids else []
    steps = StepTokenizer(fast, separator=separator, prefix=prefix)
    return Backbone(module, steps, name, revision)


def from_config(folder: Path) -> Any:
    """Build the backbone that ``folder/config.json`` describes, weights still random.

    Raises:
        ModelLoadError: if the config cannot be read.
        PackingError: if its layers cannot be packed.
    """
    config = _read(AutoConfig, str(folder))
    refuse_unpackable(config)
    return AutoModel.from_config(config, attn_implementation="sdpa", trust_remote_code=False)


def refuse_unpackable(config: PretrainedConfig) -> None:
    """Let only attention through that depends on visible tokens and their positions.

    Raises:
        PackingError: naming the layer type or rope that stands in the way.
    """
    text = config.get_text_config()
    layers = set(getattr(text, "layer_types", None) or ()) - _PACKABLE_LAYERS
    if layers or not hasattr(text, "num_attention_heads"):
        kinds = ", ".join(sorted(layers)) or text.model_type
        raise PackingError(
            f"{text.model_type} has layers of the kind {kinds}, which carry state along the "
            "sequence and cannot be packed; use a decoder with full or sliding-window attention"
        )
    rope = _rope_types(getattr(text, "rope_parameters", None)) & _DYNAMIC_ROPE
    if rope:
        raise PackingError(
            f"{text.model_type} uses {', '.join(sorted(rope))} rope, whose angles depend on the "
            "longest path seen; use a base with default, linear, llama3 or yarn rope"
        )


def mask_plan(config: PretrainedConfig, attention: Attention = "sdpa") -> MaskPlan:
    """Say which masks a backbone of this config takes."""
    text = config.get_text_config()
    layers = set(getattr(text, "layer_types", None) or ())
    window = getattr(text, "sliding_window", None)
    if layers and "sliding_attention" not in layers:
        window = None
    return MaskPlan(
        attention=attention, window=window, by_layer=bool(layers) and window is not None
    )


def cost_model(module: Any) -> CostModel:
    """Read off a backbone what the row cutter needs."""
    text = module.config.get_text_config()
    embedding = module.get_input_embeddings().weight.numel()
    return CostModel(
        weights=sum(p.numel() for p in module.parameters()) - embedding,
        width=text.num_attention_heads
        * getattr(text, "head_dim", text.hidden_size // text.num_attention_heads),
        layers=text.num_hidden_layers,
    )


def context_length(config: PretrainedConfig) -> int:
    """Return the longest path, in tokens, that the backbone was made for."""
    return int(getattr(config.get_text_config(), "max_position_embeddings", DEFAULT_CONTEXT))


def _order_numbers(embedding: nn.Embedding, tokenizer: StepTokenizer) -> None:
    """Give the tokens 0 … 99 waves of several periods to start from instead of noise alone.

    A decoder that learns to add ends up with such waves by itself; starting from them helps
    arithmetic to be learnt within minutes on a CPU.
    """
    ids = [tokenizer.encode_ids([str(number)])[0] for number in range(100)]
    angle = torch.arange(100)[:, None] * (2 * torch.pi / torch.tensor(_PERIODS))  # (100, P)
    waves = torch.cat((angle.cos(), angle.sin()), dim=1)  # (100, 2 P)
    with torch.no_grad():
        scale = embedding.weight.std() * (embedding.embedding_dim / len(_PERIODS)) ** 0.5
        for found, wave in zip(ids, waves, strict=True):
            embedding.weight[int(found[0]), : waves.shape[1]] += scale * wave


def _read(source: Any, name: str, **options: Any) -> Any:
    try:
        return source.from_pretrained(name, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelLoadError(
            f"base model '{name}' cannot be opened: {reason.rstrip('.')}. Give 'tiny', a folder with "
            "config.json, tokenizer.json and *.safetensors, or the id of a public model "
            "(models are read from safetensors only and their code is never run)"
        ) from error


def _commit(name: str, revision: str | None) -> str | None:
    """Return the commit of a hub's repository that ``revision`` means, None if it cannot be told."""
    try:
        path = cached_file(name, "config.json", revision=revision)
    except (OSError, ValueError):  # ``_read`` says what is wrong
        return None
    found = re.search(r"/snapshots/([0-9a-f]{40})/", Path(path or "").as_posix())
    return found.group(1) if found else None


def _rope_types(parameters: Any) -> set[str]:
    """Collect rope types; some configs nest them by layer type."""
    if not isinstance(parameters, dict):
        return set()
    nested = [value for value in parameters.values() if isinstance(value, dict)]
    return {str(p.get("rope_type", "default")) for p in [parameters, *nested]}
