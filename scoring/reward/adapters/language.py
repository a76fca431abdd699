"""Causal language models asked how likely text is: the text of steps, and log-probabilities of its tokens.

    prompt · step 1 join · step 2 join · …

The prompt is the problem as a user's turn of the chat template, or plain. Each step is tokenised alone with
what joins it to the next, so that paths share tokens whatever comes next; text that spells a special
token is ordinary text in a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from scoring.reward.adapters.chat import rendered, turn
from scoring.reward.adapters.config import unescaped
from scoring.reward.adapters.passes import Passes
from scoring.reward.adapters.scorer import digest, ids_of, special_texts, too_long, unreadable
from scoring.reward.packing import join_tokens, subtree
from scoring.reward.tokenizer import Pieces

if TYPE_CHECKING:
    from torch import Tensor

    from scoring.reward.adapters.config import ImplicitPrmConfig, LikelihoodConfig
    from scoring.reward.adapters.opening import Published
    from scoring.reward.network import Output, RewardNetwork
    from scoring.reward.packing import EncodedTree, Ints, Row
    from scoring.reward.shared import Int32
    from scoring.tree import Tree

AT_ONCE = 512
"""Tokens whose logits are in memory together: a vocabulary is large."""


class NextToken(nn.Module):
    """The output matrix of a language model; as a head it leaves hidden states as they are."""

    def __init__(self, out: nn.Linear) -> None:
        super().__init__()
        self.out = out

    def forward(self, hidden: Tensor) -> Tensor:
        """Return ``hidden``: logits of all tokens at once would not fit."""
        return hidden

    def measure(self, _network: RewardNetwork, row: Row, output: Output) -> Tensor:
        """Return ``(T, 1)`` log-probability of each own token after those before it on its path, in nats.

        0 for the first token of all and for tokens that the row only repeats.
        """
        hidden = output.hidden[0]
        found = torch.zeros((len(row), 1), device=hidden.device)
        ids = torch.from_numpy(row.ids.astype(np.int64)).to(hidden.device)
        own = np.arange(row.first_own, len(row))
        own = own[row.before[own] >= 0]
        for first in range(0, len(own), AT_ONCE):
            places = torch.from_numpy(own[first : first + AT_ONCE]).to(hidden.device)
            before = torch.from_numpy(row.before[own[first : first + AT_ONCE]]).to(hidden.device)
            logits = self.out(hidden[before]).float()
            chosen = logits.gather(1, ids[places, None])
            found[places] = chosen - logits.logsumexp(dim=1, keepdim=True)
        return found


@dataclass(frozen=True, slots=True)
class Encoded:
    """A problem's tree as tokens.

    Attributes:
        tokens: the nodes that are kept; if none is, not to be used.
        kept: ``(M,)`` their positions in the tree, ascending.
        pieces: per kept node its tokens and spans; none for the problem.
        skipped: position → why it is left out.
    """

    tokens: EncodedTree
    kept: Ints
    pieces: list[Pieces]
    skipped: dict[int, str]


class StepText:
    """How a problem and its steps become tokens.

    Attributes:
        tokenizer: the model's own.
        facts: for ``Scorer.facts``.
    """

    def __init__(self, tokenizer: Any, config: ImplicitPrmConfig | LikelihoodConfig) -> None:
        self.tokenizer = tokenizer
        self._chat = config.layout == "chat" or (
            config.layout == "auto" and bool(tokenizer.chat_template)
        )
        self._join = unescaped(config.join)
        self._alone = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._alone.no_truncation()
        self._alone.no_padding()
        self._alone.encode_special_tokens = True
        self._special = special_texts(tokenizer) if self._chat else ()
        prompt = self.prompt("problem")
        self.facts: dict[str, str | int] = {
            "layout_hash": digest(
                self._join,
                tokenizer.chat_template if self._chat else "plain",
                tokenizer.backend_tokenizer.to_str(),
            ),
            "layout": "chat" if self._chat else "plain",
            "prompt_tokens": len(prompt),
        }

    def prompt(self, problem: str) -> Int32:
        """Return the tokens in front of the first step."""
        if self._chat:
            ids = ids_of(
                self.tokenizer, rendered(self.tokenizer, [turn("user", problem)], asks=True)
            )
        else:
            ids = ids_of(self.tokenizer, f"{problem}\n\n", special=True)
        return np.array(ids, dtype=np.int32)

    def step(self, text: str) -> Pieces:
        """Tokenise a step; the last piece carries what joins it to the next."""
        found = self.alone(f"{text}{self._join}")
        ends: list[int] = []
        last: list[int] = []
        for index, (_, end) in enumerate(found.offsets):
            # A token that adds no character of the step belongs to the piece before it.
            if not ends or min(end, len(text)) > ends[-1]:
                ends.append(min(end, len(text)))
                last.append(index)
            else:
                last[-1] = index
        if ends:
            ends[-1] = len(text)
        return Pieces(
            ids=np.array(found.ids, dtype=np.int32),
            ends=np.array(ends, dtype=np.int32),
            last=np.array(last, dtype=np.int32),
        )

    def alone(self, text: str) -> Any:
        """Tokenise text with nothing around it."""
        return self._alone.encode(text, add_special_tokens=False)

    def encode(self, problem: str, tree: Tree, context: int, *, room: int = 0) -> Encoded:
        """Tokenise a problem's tree as far as it fits into ``context`` with ``room`` left on every path."""
        broken = unreadable(problem, "the problem", self._special)
        for text in map(str, tree.text[1:]):
            unreadable(text, "a step", ())
        pieces = [_NOTHING, *(self.step(str(text)) for text in tree.text[1:])]
        ids = [self.prompt("" if broken else problem), *(p.ids for p in pieces[1:])]
        whole = join_tokens(ids, tree.parent, tree.subtree_end)
        reached = whole.path_tokens()
        skipped: dict[int, str] = {}
        for node in range(len(whole)):
            why = broken or skipped.get(int(tree.parent[node]), "")
            if not why and reached[node] + room > context:
                why = too_long(context)
            if not why and not len(ids[node]):
                why = "it has no token"
            if why:
                skipped[node] = why
        kept = np.setdiff1d(np.arange(len(whole)), list(skipped)).astype(np.int64)
        fitting = subtree(whole, kept) if len(kept) else whole
        return Encoded(fitting, kept, [pieces[k] for k in kept], skipped)


_NOTHING = Pieces(*(np.zeros(0, dtype=np.int32) for _ in range(3)))


def language_passes(published: Published) -> Passes:
    """Open a causal language model that measures log-probabilities of tokens."""
    decoder, out = published.language_model()
    head = NextToken(out)
    return Passes(published.network(decoder, head), published.device, head.measure)
