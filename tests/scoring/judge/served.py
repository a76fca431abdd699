"""A tiny chat model that always says one thing, to be served by ``transformers serve``.

Its blocks add nothing, so each token leads to the next one by embedding and output row alone:
whatever the conversation, its last token ``<s>`` is followed by the answer, that by ``</s>``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = (
    "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>{% endif %}"
)
PAD, START, END = "<pad>", "<s>", "</s>"
SURE = 50.0


def answer_of(first: int, last: int, verdict: str) -> str:
    """Return a well-formed answer that gives every step the same verdict."""
    rows = [
        {"step": n, "reason": "It follows.", "verdict": verdict} for n in range(first, last + 1)
    ]
    return json.dumps({"steps": rows})


def write_model(folder: Path, answer: str) -> None:
    """Write a model that says ``answer`` whatever it is asked."""
    tokenizer = _tokenizer(answer)
    torch.manual_seed(0)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=8192,
            tie_word_embeddings=False,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    start, said, end = tokenizer.convert_tokens_to_ids([START, answer, END])
    with torch.no_grad():
        block = model.model.layers[0]
        for projection in (block.self_attn.o_proj, block.mlp.down_proj):
            projection.weight.zero_()
        embedding, output = model.model.embed_tokens.weight, model.lm_head.weight
        embedding.normal_()
        output.zero_()
        for token, following in ((start, said), (said, end)):
            output[following] = SURE * embedding[token] / embedding[token].norm()
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(answer: str) -> PreTrainedTokenizerFast:
    letters = {letter: i for i, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    raw = Tokenizer(models.BPE(vocab=letters, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.add_special_tokens([PAD, START, END])
    raw.add_tokens([AddedToken(answer, normalized=False)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token=PAD, bos_token=START, eos_token=END
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer
