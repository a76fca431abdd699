"""One head per criterion: each learns its own comparisons, and nothing where there are none."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
import torch

from scoring.errors import TrainingError
from scoring.reward import artefact
from scoring.reward.kinds.multi_head import importance
from scoring.reward.registry import kind
from scoring.reward.units import PairTensors, TaggedTensors
from scoring.training.dataset import Ranked, RankedPair
from scoring.training.loop import fit
from scoring.training.objectives.registry import objective
from tests.scoring.training.compared_data import answers, config

CRITERIA = ("correctness", "soundness", "clarity")


def judged(number, *, criteria=("correctness", "clarity"), overall=False, labels=False):
    """Right answers win on correctness; on clarity the even ones do, right or wrong."""
    item = answers(number)
    nodes = range(2, len(item.tree))
    texts = [str(text) for text in item.tree.text]
    wins = {
        "correctness": lambda n: texts[n].startswith("yes"),
        "clarity": lambda n: int(texts[n][-1]) % 2 == 0,
    }
    named = [*criteria, *([""] if overall else [])]
    pairs = [
        RankedPair("trace", a, b, criterion=key)
        for key in named
        for a in nodes
        for b in nodes
        if wins[key or "correctness"](a) and not wins[key or "correctness"](b)
    ]
    good = np.array([text.startswith("yes") for text in texts])
    targets = np.where(np.arange(len(good)) > 1, good.astype(float), np.nan)
    return replace(
        item,
        ranked=Ranked(criteria=CRITERIA, by_criterion=tuple(pairs)),
        targets=targets if labels else item.targets,
    )


def made(heads=("correctness", "clarity"), **settings):
    row = kind("multi_head")
    return row.load(row.make_config(settings), heads=heads)


def sigma(x):
    return 1 / (1 + exp(-x))


def test_weights_by_rank_are_centroids_and_add_up_to_one():
    assert importance(2, "rank_order") == pytest.approx((0.75, 0.25))
    assert importance(3, "rank_order") == pytest.approx((11 / 18, 5 / 18, 2 / 18))
    assert importance(4, "equal") == (0.25,) * 4


def test_each_unit_is_read_by_its_own_head_and_labels_by_the_first():
    head = torch.tensor([[0.8, -0.2], [-0.3, 0.4]])
    r = (
        0.75 * 1.1 - 0.25 * 0.6
    )  # of the combination: 0.75 · 0.8 - 0.25 · 0.2 less 0.75 · -0.3 + 0.25 · 0.4
    first, second = torch.tensor([0, 0, 0, 1]), torch.tensor([1, 1, 1, 1])
    pairs = PairTensors(first, second, torch.tensor([1.0, 0.5, 1.0, 0.2]), torch.zeros(4))
    targets = TaggedTensors(pairs, torch.tensor([0, 1, -1, 0]))
    want = [
        -log(sigma(1.1)),
        -0.5 * log(sigma(-0.6)) - 0.5 * log(sigma(0.6)),
        -log(sigma(r)),
        -0.2 * log(sigma(-0.3)) - 0.8 * log(sigma(0.3)),
    ]
    assert made(centring="0").losses(head, targets).tolist() == pytest.approx(want, rel=1e-5)
    centred = made(centring="1").losses(head, targets) - torch.tensor(want)
    assert centred.tolist() == pytest.approx([0.25, 0.04, 0.425**2, 0.0], abs=1e-5)


def test_a_criterion_that_says_nothing_of_a_place_gives_its_head_no_gradient():
    head = torch.randn(3, 2, requires_grad=True)
    pairs = PairTensors(torch.tensor([0]), torch.tensor([1]), torch.ones(1), torch.ones(1))
    made().losses(head, TaggedTensors(pairs, torch.tensor([1]))).sum().backward()
    assert head.grad[:, 0].abs().max() == 0
    assert head.grad[2].abs().max() == 0
    assert head.grad[:2, 1].abs().min() > 0


def test_heads_are_the_criteria_that_were_judged_in_the_projects_order():
    trees = [judged(0, criteria=("clarity",)), judged(1, criteria=("correctness",))]
    assert objective(config("multi_head"), trees).heads == ("correctness", "clarity")
    labelled = [judged(0, criteria=("clarity",), labels=True)]
    assert objective(config("multi_head"), labelled).heads == ("correctness", "clarity")
    bare = objective(config("multi_head", labels="no"), labelled)
    assert bare.heads == ("clarity",)
    units = bare.units(judged(1))  # what is said under a criterion without a head is left out
    assert set(units.tag.tolist()) == {0}
    assert units.compares.all()


def test_every_head_learns_its_own_criterion_and_is_measured_apart(tmp_path):
    train, held = [judged(i) for i in range(16)], [judged(100 + i, labels=True) for i in range(6)]
    result = fit(config("multi_head", steps="100"), train, held, out_dir=tmp_path)
    assert result.metrics["correctness/pair_accuracy"].value > 0.95
    assert result.metrics["clarity/pair_accuracy"].value > 0.95
    both = [result.metrics[f"{key}/pair_accuracy"].n for key in ("correctness", "clarity")]
    assert result.metrics["pair_accuracy"].n == sum(both)
    assert result.metrics["auroc"].n > 0, "labels of held-out steps are measured on too"
    model = artefact.load(tmp_path)
    assert list(model.kind.parts) == ["correctness", "clarity"]
    item = held[0]
    found = model.score(item.problem_text, item.tree)
    texts = [str(text) for text in item.tree.text[2:]]
    for name, good in (
        ("correctness", [text.startswith("yes") for text in texts]),
        ("clarity", [int(text[-1]) % 2 == 0 for text in texts]),
    ):
        column, right = found.parts[name].values[2:], np.array(good)
        assert column[right].min() > column[~right].max(), name
        assert ((column >= 0) & (column <= 1)).all()


def test_rankings_on_the_whole_teach_the_combination_and_labels_the_first_head(tmp_path):
    train = [judged(i, criteria=(), overall=True, labels=True) for i in range(12)]
    result = fit(config("multi_head"), train, train[:4], out_dir=tmp_path)
    model = artefact.load(tmp_path)
    assert model.kind.heads == ("correctness",)
    assert result.metrics["whole/pair_accuracy"].value > 0.95
    assert "correctness/pair_accuracy" not in result.metrics, "it was never compared under it"
    assert result.metrics["auroc"].value > 0.95


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (judged(0, criteria=(), overall=True), "no ranking names a criterion"),
        (
            replace(
                judged(0),
                ranked=Ranked(
                    criteria=CRITERIA,
                    by_criterion=(RankedPair("trace", 2, 3, tie=True, criterion="clarity"),),
                ),
            ),
            "under no criterion is anything preferred",
        ),
    ],
)
def test_nothing_to_tell_criteria_by_is_refused(item, sentence):
    with pytest.raises(TrainingError, match=sentence):
        objective(config("multi_head"), [item]).refuse([item])
