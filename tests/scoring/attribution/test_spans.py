"""Spans re-join to the text, whatever the tokens are; groups are sums of whole pieces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.attribution import attribute
from scoring.attribution.grouping import LEVELS, grouped
from scoring.attribution.layout import PublishedLayout, TrainedLayout
from scoring.attribution.path import StepPart, join
from scoring.attribution.spans import check_tiling, tile
from scoring.errors import AlignmentError
from tests.scoring.attribution.cases import NASTY_STEPS, PROBLEM, PUBLISHED, STEPS, trained
from tests.scoring.reward_cases import NASTY, tokenizer

TOKENIZER = tokenizer()


def texts_of(path, steps):
    """Cut the steps' texts by the path's pieces."""
    return [
        [
            text[a:b]
            for a, b in zip(
                path.piece_begin[path.piece_step == k],
                path.piece_end[path.piece_step == k],
                strict=True,
            )
        ]
        for k, text in enumerate(steps)
    ]


def test_tokens_that_share_a_character_are_one_piece():
    # 👩 in three tokens, then a letter
    piece, ends = tile([(0, 1), (0, 1), (0, 1), (1, 2)], 2)
    assert piece.tolist() == [0, 0, 0, 1]
    assert ends.tolist() == [1, 2]


def test_characters_without_a_token_go_to_the_next_piece_or_the_last():
    piece, ends = tile([(1, 3), (4, 5)], 7)
    assert piece.tolist() == [0, 1]
    assert ends.tolist() == [3, 7]


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ([(0, 2), (1, 9)], "token 1 claims the characters 1 to 9, .* 0 of 4"),
        ([(2, 3), (0, 1)], r"token 1 claims the characters 0 to 1, .* \(at character 2"),
        ([(3, 1)], "token 0 claims"),
    ],
)
def test_tokens_that_do_not_spell_the_text_are_refused_with_the_place(offsets, message):
    with pytest.raises(AlignmentError, match=message):
        tile(offsets, 4)


@pytest.mark.parametrize(
    ("begin", "end", "at"), [([0, 2], [1, 4], 1), ([0], [3], 3), ([0, 1], [2, 4], 2), ([], [], 0)]
)
def test_spans_that_leave_out_or_repeat_are_refused_with_the_place(begin, end, at):
    with pytest.raises(AlignmentError, match=f"from character {at} on"):
        check_tiling("abcd", begin, end)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=4))
def test_any_text_is_tiled_by_a_trained_layout(steps):
    path = TrainedLayout(TOKENIZER, 10_000).lay(PROBLEM, steps)
    assert ["".join(pieces) for pieces in texts_of(path, steps)] == steps
    np.testing.assert_array_equal(path.ids, TrainedLayout(TOKENIZER, 1).sequence(PROBLEM, steps))
    assert path.piece[path.first :].tolist() == sorted(path.piece[path.first :].tolist())
    # every token of text lies in a piece of its own step
    assert (path.piece_step[path.piece[path.first :]] == path.step[path.first :]).all()


@pytest.mark.parametrize("kind", PUBLISHED)
def test_published_layouts_are_tiled_too(tmp_path, kind):
    model = PUBLISHED[kind](tmp_path)
    layout = PublishedLayout(model.layout, 4096)
    nasty = [text for text in NASTY if "<|" not in text and "<s>" not in text]
    blank = 3 if kind == "answer" else None  # its template trims what is blank at the end
    for steps in (STEPS, NASTY_STEPS[:blank], [text for text in nasty if text.strip()]):
        path = layout.lay(PROBLEM, steps)
        assert ["".join(pieces) for pieces in texts_of(path, steps)] == list(steps)
        np.testing.assert_array_equal(path.ids, model.layout.sequence(PROBLEM, steps))
        assert (np.diff(path.step) >= 0).all()
        assert path.ends[-1] == path.read
    # what a piece stands for is what its tokens spell
    path = layout.lay(PROBLEM, ["46 is right"])
    for piece, text in enumerate(texts_of(path, ["46 is right"])[0]):
        ids = path.ids[(path.piece == piece) & path.text].tolist()
        if ids:
            spelt = model.layout.tokenizer.decode(ids).replace("▁", "")
            assert spelt.strip() == text.strip()
    assert path.text.sum() > 2


def test_steps_that_a_template_drops_are_refused(tmp_path):
    model = PUBLISHED["answer"](tmp_path)
    with pytest.raises(AlignmentError, match="the layout changes the steps' text from character"):
        attribute("running_reward", model, PROBLEM, NASTY_STEPS)


def test_steps_end_where_their_own_prefix_is_read(tmp_path):
    model = PUBLISHED["step_tag"](tmp_path)
    path = PublishedLayout(model.layout, 4096).lay(PROBLEM, STEPS)
    prefixes = [model.layout.sequence(PROBLEM, STEPS[: k + 1]) for k in range(len(STEPS))]
    assert path.ends.tolist() == [len(ids) - 1 for ids in prefixes]


def test_text_with_the_models_own_marks_is_refused(tmp_path):
    model = PUBLISHED["special_token"](tmp_path)
    with pytest.raises(AlignmentError, match="a mark of its own"):
        attribute("running_reward", model, PROBLEM, ["one <extra_0> two"])


def test_a_path_beyond_the_context_is_refused():
    with pytest.raises(AlignmentError, match="longer than the 64 tokens"):
        attribute("running_reward", trained(context=64), PROBLEM, ["46 is right"] * 30)


def test_a_token_over_two_steps_is_refused(tmp_path):
    model = PUBLISHED["answer"](tmp_path)
    model.layout._join = ""
    with pytest.raises(AlignmentError, match="characters of two steps, from character"):
        attribute("running_reward", model, PROBLEM, ["the ans", "wer is 46"])


def test_marks_are_empty_pieces_around_the_text():
    part = StepPart([9, 1, 2, 8, 7], [None, (0, 2), (2, 3), None, None])
    path = join([5], [part], ["abc"])
    assert path.piece.tolist() == [-1, 0, 1, 2, 3, 4]
    assert list(zip(path.piece_begin, path.piece_end, strict=True)) == [
        *((0, 0), (0, 2), (2, 3), (3, 3), (3, 3)),
    ]
    assert path.text.tolist() == [False, False, True, True, False, False]
    assert path.by_piece(np.array([9.0, 1, 2, 4, 8, 16])).tolist() == [1, 2, 4, 8, 16]
    assert path.spread(np.array([6.0])).tolist() == [0, 0, 3, 3, 0, 0]


# --- groups -------------------------------------------------------------------------------------

TEXT = "Take 3.5 of it.  Then stop! 日本語。おわり"


@pytest.mark.parametrize("level", LEVELS)
def test_groups_tile_the_text_and_keep_the_sum(level):
    found = attribute("running_reward", trained(), PROBLEM, [TEXT, *NASTY_STEPS])
    for k, text in enumerate([TEXT, *NASTY_STEPS]):
        groups = grouped(found, k, text, level)
        check_tiling(text, [g.begin for g in groups], [g.end for g in groups])
        assert sum(g.credit for g in groups) == pytest.approx(found.per_step[k], abs=1e-5)


def test_words_and_sentences_are_where_a_reader_sees_them():
    found = attribute("running_reward", trained(), PROBLEM, [TEXT])
    spans = np.array([(i, i + 1) for i in range(len(TEXT))], dtype=np.int32)
    by_letter = replace(
        found,
        credit=np.ones(len(TEXT), np.float32),
        step=np.zeros(len(TEXT), np.int32),
        begin=spans[:, 0],
        end=spans[:, 1],
    )
    words = [TEXT[g.begin : g.end] for g in grouped(by_letter, 0, TEXT, "word")]
    assert [w.strip() for w in words] == [
        "Take",
        "3.5",
        "of",
        "it.",
        "Then",
        "stop!",
        "日本語。おわり",
    ]
    sentences = [TEXT[g.begin : g.end].strip() for g in grouped(by_letter, 0, TEXT, "sentence")]
    assert sentences == ["Take 3.5 of it.", "Then stop!", "日本語。", "おわり"]
    assert [g.credit for g in grouped(by_letter, 0, TEXT, "step")] == [len(TEXT)]
