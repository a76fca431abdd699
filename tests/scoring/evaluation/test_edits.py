"""Edits take away or rewrite what they say; what a model reads shows in what it loses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scoring.errors import EvaluationError, UnknownNameError
from scoring.evaluation import Record, evaluate
from scoring.evaluation.edits import EDITS, NOTHING, edited, edited_scores
from scoring.evaluation.sources import of_tree
from scoring.reward.metrics import auroc
from scoring.reward.scorer import Item
from scoring.reward.scores import TreeScores
from scoring.tree import Tree
from tests.scoring.evaluation.data import NONE, worded


@pytest.mark.parametrize(
    ("key", "text", "changed"),
    [
        ("words", "So we get 3 + 4 = 7 apples.", "3 + 4 = 7 ."),
        ("words", r"Thus $\frac{1}{2}x$ holds", r"$\frac{1}{2}x$"),
        ("words", "nothing else", NOTHING),
        ("formulas", "So we get 3 + 4 = 7 apples.", "So we get apples."),
        ("formulas", r"Thus $\frac{1}{2}x$ and \alpha hold", "Thus and hold"),
        ("formulas", "3 + 4 = 7", NOTHING),
        ("half", "one two three four five", "one two three"),
        ("half", "one", "one"),
        ("numbers", "Step 7: add", "Step 2: add"),
        ("numbers", "(3) add", "Step 2: add"),
        ("numbers", "3 + 4 = 7", "Step 2: 3 + 4 = 7"),
        ("spaces", "a b", "a  b\n"),
    ],
)
def test_an_edit_changes_what_it_says(key, text, changed):
    assert EDITS[key].text(text, 2) == changed


def tree_of():
    return Tree.from_records(
        [
            {"id": 0, "parent": None, "text": "problem"},
            {"id": 1, "parent": 0, "text": "first 1"},
            {"id": 2, "parent": 1, "text": "second 2"},
            {"id": 3, "parent": 2, "text": "third 3", "outcome": 1},
            {"id": 4, "parent": 1, "text": "other 4", "outcome": 0},
        ]
    )


CHOOSE = "Which is it? (A) red (B) green"


@pytest.mark.parametrize("key", EDITS)
def test_every_step_of_every_trace_is_found_again(key):
    tree = tree_of()
    (_, changed, _), places = edited(Item(CHOOSE, tree), key)
    assert [len(where) for where in places] == [3, 2]
    for path, where in zip(tree.paths(), places, strict=True):
        for before, after in zip(path, where, strict=True):
            text = str(tree.text[before])
            if EDITS[key].text is None:  # these texts name no option
                assert changed.text[after] == text
            else:
                assert changed.text[after] == EDITS[key].text(text, int(tree.depth[before]))


def test_another_order_is_of_each_trace_alone_and_always_the_same():
    tree, (item, places) = tree_of(), edited(Item("p", tree_of()), "order")
    changed = item.tree
    assert len(changed) == 1 + 3 + 2
    for end, path in zip(changed.ends, tree.paths(), strict=True):
        chain = [str(text) for text in changed.text[changed.path(int(end))]]
        assert sorted(chain) == sorted(str(text) for text in tree.text[path])
    again, _ = edited(Item("p", tree_of()), "order")
    assert list(again.tree.text) == list(changed.text)
    moved = [np.argsort(where).tolist() != list(range(len(where))) for where in places]
    assert any(moved)


def test_an_unknown_edit_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="words, formulas, half"):
        edited(Item("p", tree_of()), "nope")


class Reader:
    """Scores a step by what it reads of it: whether a word, or a number, says that it is right."""

    facts: dict = {}

    def __init__(self, sign):
        self.sign = sign

    def score_many(self, items):
        for item in list(items):  # reads ahead
            found = [np.nan, *(float(self.sign in str(t)) for t in item.tree.text[1:])]
            yield TreeScores(np.array(found, np.float32), {}, 0.5, {}, "probability")


def problems(n=12):
    """Trees whose right steps say "sound" and 1, wrong ones "flawed" and 0."""
    rng = np.random.default_rng(0)
    for at in range(n):
        right = rng.random(4) < 0.5
        right[:2] = True, False
        words = ["sound equals 1" if one else "flawed equals 0" for one in right]
        records = [{"id": 0, "parent": None, "text": f"p{at}"}]
        records += [{"id": k + 1, "parent": k, "text": text} for k, text in enumerate(words)]
        yield f"p{at:02d}", Tree.from_records(records), np.array([np.nan, *right], np.float64)


def report_of(reader):
    items = list(problems())
    asked = [Item(name, tree) for name, tree, _ in items]
    plain = [scores.step for scores in reader.score_many(asked)]
    rows = []
    for (name, tree, targets), scores in zip(items, plain, strict=True):
        rows += of_tree(name, tree, scores, targets)
    for key in EDITS:
        found = edited_scores(reader, asked, key)
        rows = [
            replace(row, edited={**row.edited, key: scores})
            for row, (scores,) in zip(rows, found, strict=True)
        ]
    return evaluate("edits", rows, resampling=NONE)


@pytest.mark.parametrize(
    ("sign", "lost"),
    [("sound", {"words": 0.5, "formulas": 0.0}), ("1", {"words": 0.0, "formulas": 0.5})],
)
def test_a_model_loses_what_it_reads_and_nothing_else(sign, lost):
    report = report_of(Reader(sign))
    assert report["auroc"].estimate.value == 1.0
    for key, share in lost.items():
        assert report[f"lost:{key}"].estimate.value == share
        assert (report[f"moved:{key}"].estimate.value > 0) == (share > 0)
    for key in ("order", "spaces"):
        assert report[f"lost:{key}"].estimate.value == 0
        assert report[f"moved:{key}"].estimate.value == 0


def test_what_is_lost_is_the_difference_of_two_aurocs_on_the_same_steps():
    rows = worded()
    edit = rows[0].edited["order"].copy()
    edit[1] = np.nan
    rows[0] = replace(rows[0], edited={**rows[0].edited, "order": edit})
    before = np.concatenate([row.step_scores for row in rows])
    after = np.concatenate([row.edited["order"] for row in rows])
    right = np.concatenate([row.labels for row in rows]) > 0.5
    both = ~np.isnan(after)
    found = evaluate("edits", rows, resampling=NONE)
    assert found["lost:order"].estimate.value == pytest.approx(
        auroc(before[both], right[both]) - auroc(after[both], right[both])
    )
    assert found["moved:order"].estimate.value == pytest.approx(np.abs(after - before)[both].mean())
    assert found["lost:order"].estimate.n == len(before) - 1


def test_pairs_that_change_places_are_counted_by_hand():
    """Least scores .2 .6 .6 .9 become .7 .6 .5 .7: of five unequal pairs two turn and one ties."""
    before, after = (0.2, 0.6, 0.6, 0.9), (0.7, 0.6, 0.5, 0.7)
    rows = [
        Record(
            id=f"p/{at}",
            problem="p",
            step_scores=np.array([1.0, was]),
            step_labels=np.array([1.0, at % 2]),
            edited={"words": np.array([1.0, now])},
        )
        for at, (was, now) in enumerate(zip(before, after, strict=True))
    ]
    found = evaluate("edits", rows, resampling=NONE)["swapped:words"].estimate
    assert found.n == 5
    assert found.value == (2 + 0.5) / 5
    last = evaluate("edits", rows, resampling=NONE, aggregation="mean")["swapped:words"]
    assert last.estimate.value == found.value


def test_a_shared_step_counts_once_and_its_solutions_are_ranked_all_the_same():
    """Labels stand at the first solution only; the second has no label left and is a solution still."""
    made = {
        "problem": "p",
        "path": ("a", "b"),
        "step_scores": np.array([0.9, 0.2]),
        "step_labels": np.array([1.0, 0.0]),
        "edited": {"words": np.array([0.5, 0.4]), "order": np.array([0.1, 0.2])},
    }
    rows = [
        Record(id="p/0", **made),
        Record(
            id="p/1",
            **{
                **made,
                "path": ("a", "c"),
                "step_scores": np.array([0.9, 0.3]),
                "step_labels": np.full(2, np.nan),
            },
        ),
    ]
    found = evaluate("edits", rows, resampling=NONE)
    assert found["moved:words"].estimate.n == 3
    assert found["moved:words"].estimate.value == pytest.approx((0.4 + 0.2 + 0.1) / 3)
    assert found["moved:order"].estimate.n == 4
    assert found["swapped:words"].estimate.n == 1
    assert found["swapped:words"].estimate.value == 0.5  # both come to 0.4


def test_an_edit_that_nobody_scored_is_named_and_other_steps_are_refused():
    rows = [replace(row, edited={"words": row.edited["words"]}) for row in worded()]
    report = evaluate("edits", rows, resampling=NONE)
    assert report.notes == (
        "Options in another order: read in 0 of 12 problems; only problems with answer options count",
        "no scores of: "
        + ", ".join(row.label for key, row in EDITS.items() if key not in ("words", "options")),
    )
    with pytest.raises(EvaluationError, match="that are not of its steps"):
        evaluate("edits", [Record("a", "p", step_scores=np.ones(2), edited={"words": np.ones(3)})])
