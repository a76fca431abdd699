"""What this process computes on."""

from __future__ import annotations


def device_words() -> str:
    """Return it in words: ``CPU (2 threads)``, or the GPU's name."""
    import torch

    if not torch.cuda.is_available():
        return f"CPU ({torch.get_num_threads()} threads)"
    return torch.cuda.get_device_name(0)
