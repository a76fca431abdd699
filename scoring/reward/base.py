"""What can be said of a base before it is opened: no torch, so forms and commands refuse it at once."""

from __future__ import annotations

import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from scoring.errors import ModelLoadError

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be a base; what is let through may still fail when it is opened.

    Raises:
        ModelLoadError: saying what is missing or in the way, and the way out.
    """
    if not folder.is_dir():
        raise ModelLoadError(
            f"There is no folder {folder}. Give 'tiny', the id of a public model (owner/name), or a "
            "folder with config.json, tokenizer.json and *.safetensors."
        )
    config = _config(folder)
    if not any(folder.glob("*.safetensors")):
        if any(any(folder.glob(pattern)) for pattern in PICKLES):
            raise ModelLoadError(
                f"{folder} holds its weights as a pickle, which can run code when it is opened: only "
                "safetensors are read. Convert it to safetensors first (save_pretrained writes "
                "that) and give the new folder."
            )
        raise ModelLoadError(f"{folder} has no weights: *.safetensors are missing.")
    kind = str(config.get("model_type", ""))
    known = known_architectures()
    if config.get("auto_map") and known and kind not in known:
        raise ModelLoadError(
            f"{folder} is a model of the type '{kind}' that brings code of its own, which would have "
            "to run: it is never run. Give a base of an architecture that transformers knows."
        )


@cache
def known_architectures() -> frozenset[str]:
    """Return the model types that transformers opens with its own code; empty if it does not say.

    Its table is read as text: importing it would cost a web process more than its whole memory.
    """
    spec = importlib.util.find_spec("transformers")
    places = (spec and spec.submodule_search_locations) or ()
    tables = [Path(place, "models", "auto", "auto_mappings.py") for place in places]
    text = "".join(table.read_text("utf-8") for table in tables if table.is_file())
    return frozenset(re.findall(r'^\s+\("([^"]+)", "\w+Config"\),$', text, re.MULTILINE))


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ModelLoadError(f"{folder} is no model: config.json is missing.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelLoadError(f"{path} cannot be read: {error}.") from None
    if not isinstance(config, dict):
        raise ModelLoadError(f"{path} is no config: it holds no JSON object.")
    return config
