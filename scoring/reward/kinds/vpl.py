"""Variational preference learning: a reward that depends on who judges, through a latent z.

    q(z | pairs of the annotator) = N(m, diag s²),   m and log s² in [-1, 1], by an encoder over those pairs
    r(y, z) = b(y) + a(y) · z
    L = -log σ(r(first, z) - r(second, z)) + λ (b(first) + b(second))² + β KL(q ‖ N(0, I)),   z = m + c s ε
    KL = ½ Σ_j (s_j² + m_j² - 1 - log s_j²)

The encoder is the source's: a network on both ends of a pair, attention among the pairs of one annotator,
their mean, and a linear map each to m and log s². The loss of one annotator with n pairs is n terms of
likelihood and one KL; so with c = 1 and β = 1/n it is the evidence lower bound. Each pair carries β KL here.

Scores without a name are read at z = 0, the mean of the prior; those of an annotator at the mean of their
posterior. Pairs of annotators with too few of them train b alone (z = 0, no KL).

Source: Poddar et al. 2024, *Personalizing RLHF with Variational Preference Learning* (arXiv 2408.10075) and
github.com/WEIRDLabUW/vpl_llm (vae_utils.py, commit 6c04f02). There the decoder is a network on (y, z), in
that commit on y alone; c = 1e-3, z is scaled to length √d, and the KL lacks its ½ and is summed over the
batch. Ours is linear in z, so that one pass over a tree serves every annotator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from scoring.reward.kinds.scalar import middles, preferred
from scoring.reward.scores import PROBABILITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from scoring.reward.several_config import VplConfig
    from scoring.reward.units import TaggedTensors

SLOPE = 0.2


class Encoder(nn.Module):
    """From an annotator's pairs to the posterior over z."""

    def __init__(self, width: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.pair = nn.Sequential(
            nn.Linear(2 * width, hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, latent),
        )
        self.query, self.key, self.worth = (nn.Linear(latent, latent) for _ in range(3))
        self.mean, self.log_variance = (nn.Linear(latent, latent) for _ in range(2))

    def forward(self, pairs: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance ``(R, d)``.

        Args:
            pairs: ``(R, N, 2, H)`` hidden states of the better and the worse end.
            there: ``(R, N)`` 1 where there is a pair; an annotator without any gets the prior.
        """
        inner = self.pair(pairs.flatten(-2))  # (R, N, d)
        asked = self.query(inner) @ self.key(inner).transpose(-1, -2) / inner.shape[-1] ** 0.5
        weights = torch.softmax(asked.masked_fill(there[:, None, :] == 0, -1e9), dim=-1)
        heard = weights @ self.worth(inner)
        some = there.sum(dim=-1, keepdim=True)
        pooled = (heard * there[..., None]).sum(dim=-2) / some.clamp(min=1.0)
        known = (some > 0).to(pooled.dtype)
        mean, log_variance = self.mean(pooled), self.log_variance(pooled)
        return mean.clamp(-1.0, 1.0) * known, log_variance.clamp(-1.0, 1.0) * known


class VplHead(nn.Module):
    """b(y) and a(y) of every place; while training also z and KL of every annotator.

    What the encoder reads is kept beside the weights (``pairs``, ``there``), since an annotator's pairs lie
    in other trees than the one that is read; ``noise`` is one draw per annotator and step, so that it is
    the same in every pass of a step.
    """

    pairs: Tensor
    there: Tensor
    noise: Tensor
    kl_share: Tensor

    def __init__(self, width: int, raters: int, config: VplConfig) -> None:
        super().__init__()
        self.read = nn.Linear(width, 1 + config.latent)
        nn.init.normal_(self.read.weight, std=0.02)
        nn.init.zeros_(self.read.bias)
        self.encoder = Encoder(width, config.hidden, config.latent)
        self.register_buffer("pairs", torch.zeros(raters, config.context, 2, width))
        self.register_buffer("there", torch.zeros(raters, config.context))
        self.register_buffer("noise", torch.zeros(raters, config.latent))
        self.register_buffer("kl_share", torch.ones(1))

    def forward(self, hidden: Tensor) -> Tensor:
        """Map ``(…, H)`` to ``(…, 1 + d)``; while training to ``(…, 1 + d + R (d + 1))``."""
        said = self.read(hidden)
        if not self.training or not len(self.pairs):
            return said
        mean, log_variance = self.encoder(self.pairs, self.there)
        z = mean + torch.exp(0.5 * log_variance) * self.noise
        divergence = 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum(dim=-1)
        shared = torch.cat((z.flatten(), self.kl_share * divergence)).to(said.dtype)
        return torch.cat((said, shared.expand(*said.shape[:-1], -1)), dim=-1)

    @torch.no_grad()
    def means(self) -> Tensor:
        """Return ``(R, d)`` the means of the posteriors given the pairs that are held."""
        return self.encoder(self.pairs, self.there)[0]


class VariationalPreference:
    """Rewards by annotator; holds no weights.

    Attributes:
        config: the kind's settings.
        raters: who has a posterior, those with most pairs first.
        posteriors: ``(R, d)`` means of z.
        references: of the prior, then of each annotator that is shown: what scores are measured against.
        scale: what scores are, for legends.
        parts: the score by each annotator that is shown, by number: names are not for everybody.
    """

    scale = "probability"

    def __init__(
        self,
        config: VplConfig,
        raters: Sequence[str] = (),
        posteriors: Sequence[Sequence[float]] = (),
        references: Sequence[Sequence[float]] = (),
    ) -> None:
        self.config = config
        self.raters = tuple(raters)
        self.posteriors: npt.NDArray[np.float64] = (
            np.array(posteriors, np.float64)
            if len(posteriors)
            else np.zeros((len(self.raters), config.latent))
        )
        if self.posteriors.shape != (len(self.raters), config.latent):
            raise ValueError(f"{len(self.raters)} annotators need as many posteriors")
        self.shown = min(config.shown, len(self.raters))
        self.references = tuple(map(tuple, references)) or ((0.0,),) * (1 + self.shown)
        self.parts = {f"annotator {n + 1}": PROBABILITY for n in range(self.shown)}

    @property
    def fixed(self) -> dict[str, Any]:
        """Who there is and what was found of them; the keyword arguments that bring it back."""
        return {
            "raters": list(self.raters),
            "posteriors": self.posteriors.tolist(),
            "references": [list(row) for row in self.references],
        }

    def refer(self, values: npt.NDArray[np.float64]) -> None:
        """Take the references of columns ``(n, R + 1)`` of ``every_value`` on a fixed set."""
        if len(values):
            columns = [values[:, -1], *values[:, : self.shown].T]
            self.references = tuple(middles(column) for column in columns)

    def make_head(self, width: int) -> nn.Module:
        """Return the head for hidden states of size ``width``; every r starts near 0."""
        return VplHead(width, len(self.raters), self.config)

    def value(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, C)`` into r at the mean of the prior ``(…)``."""
        return head[..., 0]

    def every_value(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, C)`` into ``(…, R + 1)``: r of each annotator, of the prior last."""
        z = head.new_tensor(self.posteriors)
        own = head[..., 1 : 1 + self.config.latent] @ z.T
        base = head[..., :1]
        return torch.cat((base + own, base), dim=-1)

    def reward(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, C)`` into scores ``(…)`` in [0, 1]."""
        return preferred(self.value(head), self.references[0])

    def part_values(self, head: Tensor) -> Tensor:
        """Turn head outputs ``(…, C)`` into the scores by annotator ``(…, P)``."""
        values = self.every_value(head)
        scores = [preferred(values[..., n], self.references[1 + n]) for n in range(self.shown)]
        return torch.stack(scores, dim=-1)

    def losses(self, head: Tensor, targets: TaggedTensors) -> Tensor:
        """Return the loss of each comparison.

        Args:
            head: ``(K, 1 + d + R (d + 1))`` outputs at the compared places, while training.
            targets: U comparisons; a tag is the number of an annotator, -1 nobody in particular.

        Returns:
            ``(U,)`` nats, not weighted.
        """
        count, latent = len(self.raters), self.config.latent
        shared = head[0, 1 + latent :]
        z = functional.pad(shared[: count * latent].view(count, latent), (0, 0, 0, 1))
        divergence = functional.pad(shared[count * latent :], (0, 1))
        pairs, whose = targets.pairs, z[targets.tag]  # (U, d)
        base, own = head[:, 0], head[:, 1 : 1 + latent]
        first = base[pairs.first] + (own[pairs.first] * whose).sum(dim=-1)
        second = base[pairs.second] + (own[pairs.second] * whose).sum(dim=-1)
        centring = self.config.centring * (base[pairs.first] + base[pairs.second]) ** 2
        kl = self.config.kl_weight * divergence[targets.tag]
        return _cross_entropy(first - second, pairs.preference) + centring + kl

    def log_losses(self, head: Tensor, targets: TaggedTensors) -> Tensor:
        """Return ``(U,)`` minus the log-likelihood of each comparison at the means of z, in nats."""
        values, pairs = self.every_value(head), targets.pairs
        lead = values[pairs.first, targets.tag] - values[pairs.second, targets.tag]
        return _cross_entropy(lead, pairs.preference)


def _cross_entropy(lead: Tensor, wanted: Tensor) -> Tensor:
    wanted = wanted.to(lead.dtype)
    return functional.binary_cross_entropy_with_logits(lead, wanted, reduction="none")
