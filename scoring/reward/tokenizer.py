"""Text to token ids with exact character spans, one step at a time.

Steps are tokenised alone and each ends in a separator id of its own that lies outside the
tokenizer's vocabulary: paths through a tree then share token ids whatever comes next, and no text
can spell the separator. A token of a byte-level vocabulary may hold part of a character; tokens
are therefore grouped into pieces whose spans tile the text: they re-join to it exactly and no
character belongs to two.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from scoring.errors import AlignmentError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Int32 = npt.NDArray[np.int32]
# A whole number splits from the right into groups of two digits, so 0–99 are one token each and
# 1234 is 12|34. A word or operator takes the space before a number, which keeps "7 + 5" at three
# tokens without giving numbers a second spelling.
_PATTERN = (
    r"\d{1,2}(?=(?:\d{2})*(?!\d))"
    r"| ?\p{L}+(?: (?=\d))?"
    r"| ?[^\s\p{L}\p{N}]+(?: (?=\d))?"
    r"|\s+"
)
LAYOUT = "problem·sep then step·sep, each tokenised alone"


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokens of one text, and the spans they colour.

    Attributes:
        ids: ``(L,)`` int32 token ids, separator included.
        ends: ``(P,)`` int32, the character position where each piece ends; it starts where the
            one before ends. The last piece is the separator: an empty span at the end.
        last: ``(P,)`` int32, index into ``ids`` of each piece's last token.
    """

    ids: Int32
    ends: Int32
    last: Int32


class StepTokenizer:
    """A tokenizer and the two ids around it: the optional prefix and the separator.

    Attributes:
        separator: the id that ends the problem and every step.
        prefix: ids in front of the problem (a beginning-of-text token, or nothing).
    """

    def __init__(self, tokenizer: Tokenizer, *, separator: int, prefix: Sequence[int] = ()) -> None:
        self.tokenizer = tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        # Text that spells a special token is ordinary text.
        self.tokenizer.encode_special_tokens = True
        self.separator = separator
        self.prefix = tuple(prefix)

    @property
    def layout_hash(self) -> str:
        """Name the layout: scores of two models compare only if their texts were laid out alike."""
        parts = [LAYOUT, self.separator, list(self.prefix), self.tokenizer.to_str()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def encode(self, texts: Sequence[str]) -> list[Pieces]:
        """Tokenise each text alone and end it with the separator.

        Raises:
            AlignmentError: for text that is not valid Unicode, naming the first such position.
        """
        for number, text in enumerate(texts):
            _check_unicode(text, number)
        batch = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [
            _pieces(e.ids, e.offsets, len(text), self.separator)
            for e, text in zip(batch, texts, strict=True)
        ]

    def encode_ids(self, texts: Sequence[str]) -> list[Int32]:
        """Tokenise without spans (faster: training does not need them).

        Raises:
            AlignmentError: for text that is not valid Unicode.
        """
        for number, text in enumerate(texts):
            _check_unicode(text, number)
        batch = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.array([*e.ids, self.separator], dtype=np.int32) for e in batch]

    def save(self, folder: Path) -> None:
        """Write ``tokenizer.json`` into ``folder``."""
        self.tokenizer.save(str(folder / "tokenizer.json"))


def train_tokenizer(texts: Iterable[str], *, vocabulary: int) -> StepTokenizer:
    """Learn a byte-level vocabulary in which whole numbers up to 99 are single tokens.

    Any text can be encoded (256 byte tokens are always there), and the result depends only on
    ``texts`` and ``vocabulary``.
    """
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = _splitter()
    learner.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary - 91,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    learned = json.loads(learner.to_str())["model"]
    merges = [tuple(m) for m in learned["merges"] if not "".join(m).isdigit()]
    tokens = sorted(pre_tokenizers.ByteLevel.alphabet())
    # Two-digit numbers come first: their merges then outrank everything else.
    numbers = [(a, b) for a in "0123456789" for b in "0123456789"]
    tokens += [a + b for a, b in numbers] + [a + b for a, b in merges]
    model = models.BPE(
        vocab={token: i for i, token in enumerate(dict.fromkeys(tokens))},
        merges=[*numbers, *merges],
    )
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = _splitter()
    tokenizer.decoder = decoders.ByteLevel()
    return StepTokenizer(tokenizer, separator=tokenizer.get_vocab_size())


def open_tokenizer(path: Path, *, separator: int, prefix: Sequence[int] = ()) -> StepTokenizer:
    """Read ``tokenizer.json``.

    Raises:
        ModelLoadError: if it is missing or is not a tokenizer.
    """
    if not path.is_file():
        raise ModelLoadError(f"{path.parent} has no tokenizer.json; it is not a complete artefact")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception for every fault
        raise ModelLoadError(f"{path} cannot be read as a tokenizer: {error}") from error
    return StepTokenizer(tokenizer, separator=separator, prefix=prefix)


def _splitter() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def _pieces(ids: list[int], offsets: list[tuple[int, int]], length: int, separator: int) -> Pieces:
    """Group tokens into pieces whose spans tile ``0 … length``, the separator at the end.

    A token that adds no new character joins the piece before it; characters that no token claims
    (a tokenizer may drop white space) go to the next piece, or to the last if there is none.
    """
    ends: list[int] = []
    last: list[int] = []
    reached = 0
    for index, (_, end) in enumerate(offsets):
        if end > reached or not ends:
            ends.append(max(end, reached))
            last.append(index)
            reached = ends[-1]
        else:
            last[-1] = index
    if ends:
        ends[-1] = length
    return Pieces(
        ids=np.array([*ids, separator], dtype=np.int32),
        ends=np.array([*ends, length], dtype=np.int32),
        last=np.array([*last, len(ids)], dtype=np.int32),
    )


def _check_unicode(text: str, number: int) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise AlignmentError(
            f"text {number} has a lone surrogate at character {error.start}; "
            "replace it before scoring"
        ) from None
