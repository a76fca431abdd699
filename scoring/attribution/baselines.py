"""What stands for "no text": one embedding per network, checked before it is used.

A baseline near zero is refused: normalisation by root mean square makes a decoder almost constant along the
line from zero until right before it, so that no quadrature sees the change. A padding row that was never
trained *is* zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from scoring.errors import AttributionError

if TYPE_CHECKING:
    from scoring.attribution.subject import Subject

LEAST_NORM = 0.05
"""Of the median embedding row."""
NEUTRAL = (
    *(
        " ",
        "\n",
        "\n\n",
        ".",
        ",",
        ";",
        ":",
        " the",
        " a",
        " of",
        " to",
        " and",
        " in",
        " is",
        " that",
    ),
    *(" it", " for", " on", " as", " with", " be", " this"),
)
"""Texts that say nothing by themselves; their tokens' mean is the default baseline."""
WORDS = {
    "neutral_token_mean": "the mean embedding of neutral tokens (white space, punctuation, function words)",
    "mean_embedding": "the mean embedding of the vocabulary",
    "pad_row": "the model's padding row",
}


def baseline_rows(subject: Subject, name: str) -> list[Tensor]:
    """Return the baseline of each network, ``(H,)``.

    Raises:
        AttributionError: there is none, or it is too close to zero; says which others there are.
    """
    return [_row(subject, network.backbone, name) for network in subject.networks]


@torch.no_grad()
def _row(subject: Subject, backbone: Any, name: str) -> Tensor:
    weight: Tensor = backbone.get_input_embeddings().weight
    norms = weight.float().norm(dim=1)
    if name == "neutral_token_mean":
        ids = sorted({i for text in NEUTRAL for i in subject.layout.alone(text)})
        row = weight[ids].float().mean(dim=0)
    elif name == "mean_embedding":
        row = weight[norms > 0].float().mean(dim=0)
    else:
        pad = getattr(backbone.config.get_text_config(), "pad_token_id", None)
        if pad is None or not 0 <= pad < len(weight):
            raise AttributionError(
                "This model has no padding token, so there is no padding row to start from; take the "
                "baseline neutral_token_mean."
            )
        row = weight[pad].float()
    check_norm(float(row.norm()), float(norms.median()), name)
    # Some decoders scale what the layer gives (Gemma).
    scale = getattr(backbone.get_input_embeddings(), "embed_scale", 1.0)
    return (row * scale).to(weight.dtype)


def check_norm(norm: float, median: float, name: str) -> None:
    """Refuse a baseline that is next to zero.

    Raises:
        AttributionError: with the reason and the way out.
    """
    if norm < LEAST_NORM * median:
        other = next(one for one in WORDS if one != name)
        raise AttributionError(
            f"The baseline {name} has a length of {norm:.2g}, under {LEAST_NORM:.0%} of the median row's "
            f"({median:.2g}): next to zero the decoder's normalisation hides all change from the "
            f"integral. Take the baseline {other}."
        )
