"""Chat templates, and the one token at which a text is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import TemplateError

from scoring.errors import AlignmentError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.reward.shared import Int32

Turn = dict[str, str]
# Some templates write today's date; a score must not depend on the day.
DATE = "26 Jul 2024"


def turn(role: str, content: str) -> Turn:
    """Return one turn of a conversation."""
    return {"role": role, "content": content}


def rendered(tokenizer: Any, turns: Sequence[Turn], *, asks: bool = False) -> str:
    """Write a conversation in the model's template.

    Args:
        tokenizer: the model's, which carries the template.
        turns: the conversation.
        asks: open the assistant's next turn.

    Raises:
        ModelLoadError: there is no template, or it does not take such a conversation.
    """
    if not tokenizer.chat_template:
        raise ModelLoadError(
            "This model has no chat template: save chat_template.jinja beside its tokenizer, or choose "
            "a layout without one."
        )
    try:
        text: str = tokenizer.apply_chat_template(
            list(turns), tokenize=False, add_generation_prompt=asks, date_string=DATE
        )
    except (TemplateError, ValueError, TypeError) as error:
        raise ModelLoadError(
            f"The chat template does not take this conversation: {error}."
        ) from None
    return text


def up_to_mark(tokenizer: Any, text: str, mark: str, *, special: bool) -> Int32:
    """Tokenise ``text`` up to the last ``mark`` in it, which must be one token.

    Args:
        tokenizer: the model's.
        text: holds ``mark``.
        mark: where the text is read.
        special: add the marks around a text that the tokenizer knows.

    Raises:
        AlignmentError: the mark is no token of its own in this text.
    """
    start = text.rindex(mark)
    found = tokenizer(text, add_special_tokens=special, return_offsets_mapping=True)
    offsets = np.array(found["offset_mapping"], dtype=np.int64)  # (T, 2)
    over = np.flatnonzero((offsets[:, 1] > start) & (offsets[:, 0] < start + len(mark)))
    if len(over) != 1 or offsets[over[0], 1] != start + len(mark):
        words = tokenizer.convert_ids_to_tokens([found["input_ids"][k] for k in over])
        raise AlignmentError(f"'{mark}' is not one token here but {len(over)}: {' '.join(words)}")
    return np.array(found["input_ids"][: over[0] + 1], dtype=np.int32)


def one_id(tokenizer: Any, text: str, what: str) -> int:
    """Return the one id of ``text``.

    Raises:
        ModelLoadError: it has another number of tokens; says the way out.
    """
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if len(ids) != 1:
        raise not_one_token(text, what, len(ids))
    return int(ids[0])


def not_one_token(text: str, what: str, count: int) -> ModelLoadError:
    """Return the refusal of a mark that the model cannot have been trained at."""
    return ModelLoadError(
        f"'{text}' is {count} tokens in this model's tokenizer, and {what} must be exactly one: give the "
        "text that this model was trained with, or the tokenizer that came with it (added tokens "
        "included)."
    )
