"""Words that one text lacks: every character is kept, the first difference is found, long texts end."""

from __future__ import annotations

import random

import pytest

from annotator.templatetags.reading import pieces
from annotator.views.reading.word_diff import MOST_WORDS, word_diff


def text(found):
    return "".join(piece.text for piece in found)


def test_the_first_word_that_differs_is_marked_apart():
    found = word_diff("4 * 5 = 20 (left: 6)", "4 * 5 = 30 (left: 7)")
    assert found.before == len("4 * 5 = ")
    assert [(p.text, p.sign) for p in found.first if p.sign != "same"] == [
        ("20", "first"),
        ("6", "own"),
    ]
    assert [p.text for p in found.second if p.sign == "first"] == ["30"]


@pytest.mark.parametrize("alphabet", ["ab ", "a\n", "é🙂 \n漢"])
def test_pieces_are_the_text_again(alphabet):
    rng = random.Random(alphabet)
    for _ in range(40):
        one, two = ("".join(rng.choices(alphabet, k=rng.randint(0, 60))) for _ in "ab")
        found = word_diff(one, two)
        assert (text(found.first), text(found.second)) == (one, two)
        marked = [p for p in (*found.first, *found.second) if p.sign == "first"]
        assert bool(marked) == (one != two)


def test_repeated_words_without_end_are_compared_at_once_and_very_long_texts_by_lines():
    one = "the same words again " * 2_000
    found = word_diff(one, one.replace("again", "once", 1))
    assert text(found.first) == one
    assert not found.by_line
    long = "a b\n" * MOST_WORDS
    assert word_diff(long, f"{long}c").by_line


def test_markup_in_a_text_is_text():
    drawn = pieces(word_diff("<script>x</script>", "<b>").first)
    assert "<script>" not in drawn
    assert "&lt;" in drawn
