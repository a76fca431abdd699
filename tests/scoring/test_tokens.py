"""Tokens: whole numbers, spans that tile the text, text that cannot spell the separator."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.errors import AlignmentError, ModelLoadError
from scoring.reward.tokenizer import open_tokenizer
from tests.scoring.reward_cases import NASTY, TEXTS, tokenizer

TOKENIZER = tokenizer()


def spans(text: str) -> list[str]:
    ends = TOKENIZER.encode([text])[0].ends.tolist()
    return [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("text", [*NASTY, *TEXTS])
def test_pieces_rejoin_to_the_exact_text_and_end_with_the_empty_separator(text):
    pieces = spans(text)
    assert "".join(pieces) == text
    assert pieces[-1] == ""
    assert all(pieces[:-1])


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_rejoins_and_survives_decoding(text):
    pieces = TOKENIZER.encode([text])[0]
    assert "".join(spans(text)) == text
    assert pieces.ids[-1] == TOKENIZER.separator
    assert pieces.last[-1] == len(pieces.ids) - 1
    assert TOKENIZER.tokenizer.decode(pieces.ids[:-1].tolist()) == text


@pytest.mark.parametrize("number", [0, 7, 10, 42, 99])
@pytest.mark.parametrize("around", ["{}", "is {}.", "3 + {} = 5", "({})"])
def test_whole_numbers_below_100_are_one_token_of_the_same_id_everywhere(number, around):
    alone = TOKENIZER.encode_ids([str(number)])[0][0]
    assert alone in TOKENIZER.encode_ids([around.format(number)])[0]
    assert str(number) in spans(around.format(number))


def test_longer_numbers_split_into_pairs_from_the_right():
    assert spans("12345")[:-1] == ["1", "23", "45"]


def test_no_text_spells_the_separator():
    for text in NASTY:
        assert TOKENIZER.separator not in TOKENIZER.encode_ids([text])[0][:-1]


def test_the_same_texts_give_the_same_tokenizer():
    assert tokenizer().layout_hash == TOKENIZER.layout_hash


def test_a_lone_surrogate_is_refused_with_its_place():
    with pytest.raises(AlignmentError, match="text 1 has a lone surrogate at character 2"):
        TOKENIZER.encode(["fine", "ab\ud800"])


def test_a_missing_or_broken_tokenizer_file_is_named(tmp_path):
    with pytest.raises(ModelLoadError, match=r"no tokenizer\.json"):
        open_tokenizer(tmp_path / "tokenizer.json", separator=1)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelLoadError, match="cannot be read as a tokenizer"):
        open_tokenizer(tmp_path / "tokenizer.json", separator=1)
