"""A path whose keys and values are kept, so that what changes behind a place alone is run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers import DynamicCache

from scoring.errors import AttributionError

if TYPE_CHECKING:
    from torch import Tensor

    from scoring.attribution.subject import Subject
    from scoring.reward.shared import Int32


def crop(cache: Any, length: int) -> None:
    """Keep the first ``length`` tokens of a cache, and make sure of it.

    ``DynamicCache.crop`` takes a negative count of tokens to drop in this version; a positive one meant
    the length to keep in others, and too large a count left stale tokens.

    Raises:
        AttributionError: the cache did not end up with that length.
    """
    have = int(cache.get_seq_length())
    if length < have:
        cache.crop(length - have)
    if length > have or int(cache.get_seq_length()) != length:
        raise AttributionError(
            f"a cache of {have} tokens could not be cut to {length}; its kind of layer is not known here"
        )


class CachedPath:
    """A path that was run once, and variants of it that begin alike.

    Attributes:
        heads: ``(T, C)`` what the head says at every token of the path.
    """

    @torch.no_grad()
    def __init__(self, subject: Subject, ids: Int32) -> None:
        self._subject = subject
        self._caches = [DynamicCache(config=n.backbone.config) for n in subject.networks]
        self._intact = len(ids)
        self.heads = self._run(ids)

    @torch.no_grad()
    def after(self, kept: int, ids: Int32) -> Tensor:
        """Return what the head says ``(C,)`` at the end of ``ids`` behind the first ``kept`` tokens.

        Call it with falling ``kept``: what lies behind is lost.
        """
        if kept > self._intact:
            raise AttributionError("variants of a path must be asked from the last to the first")
        for cache in self._caches:
            crop(cache, kept)
        self._intact = kept
        return self._run(ids)[-1]

    def _run(self, ids: Int32) -> Tensor:
        row = self._subject.tensor(ids)
        hidden = [
            n.backbone(input_ids=row, past_key_values=cache, use_cache=True).last_hidden_state
            for n, cache in zip(self._subject.networks, self._caches, strict=True)
        ]
        return self._subject.head_of(hidden)[0]
