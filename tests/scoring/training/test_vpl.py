"""Rewards by annotator: who disagrees is told apart, who is not known is read at the prior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from scoring.errors import CancelledError, TrainingError
from scoring.reward import artefact
from scoring.reward.kinds.vpl import Encoder
from scoring.reward.registry import kind
from scoring.reward.units import PairTensors, TaggedTensors
from scoring.training.dataset import Ranked, RankedPair
from scoring.training.loop import fit
from scoring.training.objectives.rater_pairs import NOBODY
from scoring.training.objectives.registry import objective
from tests.scoring.training.compared_data import answers, config

OPPOSED = ("person:ann", "person:bob")


def judged(number, raters=OPPOSED, *, ties=False):
    """Ann prefers answers that say yes, Bob those that do not; whoever else is of Ann's mind."""
    item = answers(number)
    nodes = range(2, len(item.tree))
    good = {n for n in nodes if str(item.tree.text[n]).startswith("yes")}
    pairs = [
        RankedPair("trace", *((b, a) if name == "person:bob" else (a, b)), tie=ties, rater=name)
        for name in raters
        for a in nodes
        for b in nodes
        if a in good and b not in good
    ]
    return replace(item, ranked=Ranked(by_rater=tuple(pairs)))


TRAIN = [judged(i) for i in range(16)]
HELD = [judged(100 + i) for i in range(6)]
RUN = {"steps": "150", "refresh": "20", "context": "6", "latent": "2"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vpl")
    result = fit(config("vpl", **RUN), TRAIN, HELD, out_dir=folder)
    return result, artefact.load(folder)


def test_opposed_annotators_are_told_apart_where_one_reward_for_all_cannot(trained):
    result, model = trained
    found = result.metrics
    assert found["pair_accuracy"].value > 0.95
    assert found["prior/pair_accuracy"].value == pytest.approx(0.5, abs=0.02)
    assert found["prior/pair_accuracy"].n == found["pair_accuracy"].n
    assert set(model.kind.raters) == set(OPPOSED)
    z = dict(zip(model.kind.raters, model.kind.posteriors, strict=True))
    assert np.abs(z["person:ann"] - z["person:bob"]).max() > 0.1
    assert np.abs(model.kind.posteriors).max() <= 1.0


def test_scores_are_read_at_the_prior_and_beside_them_by_annotator(trained):
    _, model = trained
    assert list(model.kind.parts) == ["annotator 1", "annotator 2"], "names are not for everybody"
    item = HELD[0]
    found = model.score(item.problem_text, item.tree)
    good = np.array([str(text).startswith("yes") for text in item.tree.text[2:]])
    for number, name in enumerate(model.kind.raters, 1):
        column = found.parts[f"annotator {number}"].values[2:]
        liked = good if name == "person:ann" else ~good
        assert column[liked].min() > column[~liked].max(), name
        assert ((column >= 0) & (column <= 1)).all()
    head = torch.randn(5, 3)
    model.kind.value(head)
    torch.testing.assert_close(model.kind.every_value(head)[..., -1], head[..., 0])


def made(raters=("a", "b"), **settings):
    row = kind("vpl")
    return row.load(row.make_config({"latent": "2", "context": "3", **settings}), raters=raters)


def test_the_loss_is_likelihood_at_the_drawn_z_and_the_divergence_of_its_annotator():
    one = made(kl_weight="0.1", centring="0.5")
    head = one.make_head(4).train()
    torch.manual_seed(0)
    with torch.no_grad():
        head.read.weight.normal_()
        head.pairs.normal_()
        head.there.fill_(1.0)
        head.noise.copy_(torch.tensor([[0.5, -1.0], [2.0, 0.0]]))
        head.kl_share.fill_(0.5)
    hidden = torch.randn(2, 4)
    out = head(hidden)
    mean, log_variance = head.encoder(head.pairs, head.there)
    z = mean + (log_variance / 2).exp() * head.noise
    said = head.read(hidden)
    r = {t: said[:, 0] + said[:, 1:] @ z[t] for t in (0, 1)} | {NOBODY: said[:, 0]}
    kl = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, (log_variance / 2).exp()),
        torch.distributions.Normal(torch.zeros(2), torch.ones(2)),
    ).sum(dim=-1)
    tags = (0, 1, NOBODY)
    pairs = PairTensors(
        torch.tensor([0, 0, 0]), torch.tensor([1, 1, 1]), torch.ones(3), torch.zeros(3)
    )
    got = one.losses(out, TaggedTensors(pairs, torch.tensor(tags)))
    centring = 0.5 * (said[0, 0] + said[1, 0]) ** 2
    want = [
        -torch.nn.functional.logsigmoid(r[t][0] - r[t][1])
        + centring
        + (0.1 * 0.5 * kl[t] if t != NOBODY else 0.0)
        for t in tags
    ]
    torch.testing.assert_close(got, torch.stack(want))


def test_an_annotator_without_pairs_has_the_prior_and_order_says_nothing():
    torch.manual_seed(0)
    encoder = Encoder(4, 8, 2)
    pairs, there = torch.randn(2, 3, 2, 4), torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    mean, log_variance = encoder(pairs, there)
    assert mean[1].tolist() == log_variance[1].tolist() == [0.0, 0.0]
    assert mean[0].abs().max() > 0
    other = pairs.clone()
    other[0, 2] += 7.0  # where there is no pair nothing is read
    torch.testing.assert_close(encoder(other, there)[0], mean)
    torch.testing.assert_close(encoder(pairs[:, [1, 0, 2]], there)[0], mean)
    assert mean.abs().max() <= 1.0
    assert (encoder(pairs[:, :, [1, 0]], there)[0][0] - mean[0]).abs().max() > 1e-3


def test_who_has_too_few_pairs_counts_as_nobody_in_particular():
    trees = [judged(0), judged(1, raters=(*OPPOSED, "person:cat"))]
    few = len(trees[1].ranked.by_rater) // 3
    learnt = objective(config("vpl", min_pairs=str(few + 1)), trees)
    assert learnt.raters == OPPOSED
    assert set(learnt.units(trees[1]).tag.tolist()) == {0, 1, NOBODY}
    every = objective(config("vpl", min_pairs=str(few)), trees)
    assert every.raters == (*OPPOSED, "person:cat")


def test_a_stranger_among_the_held_out_is_measured_at_the_prior(trained):
    _, model = trained
    run = config("vpl", **RUN)
    learnt = objective(run, TRAIN)
    stranger = [judged(100 + i, raters=("person:eve",)) for i in range(3)]
    from scoring.training.start import example_maker

    found = learnt.quality(model, example_maker(model, run, learnt), stranger, resamples=0)
    assert found["pair_accuracy"] == found["prior/pair_accuracy"]


def test_a_stopped_run_goes_on_with_the_same_draws(tmp_path):
    short = {**RUN, "steps": "9", "refresh": "4", "checkpoint_every": "2"}
    rows: dict[str, dict] = {"whole": {}, "cut": {}}

    def go(name, **more):
        def keep(step, values):
            rows[name].update({(step, k): v for k, v in values.items()})

        return fit(
            config("vpl", **{**short, "log_every": "1"}),
            TRAIN,
            HELD,
            out_dir=tmp_path / name,
            on_metric=keep,
            **more,
        )

    whole = go("whole")
    asked = iter(range(100))
    with pytest.raises(CancelledError):
        go("cut", should_stop=lambda: next(asked) >= 6)
    assert go("cut").metrics == whole.metrics
    assert rows["cut"] == rows["whole"]


@pytest.mark.parametrize(
    ("trees", "sentence"),
    [
        ([answers(0)], "nobody has ranked anything"),
        ([judged(0, raters=("person:ann",))] * 4, "1 annotators compared something and 1 of them"),
        ([judged(0)], "2 annotators compared something and 0 of them 8 pairs or more"),
        ([judged(i, ties=True) for i in range(8)], "all comparisons are ties"),
    ],
)
def test_what_does_not_tell_annotators_apart_is_refused(trees, sentence):
    with pytest.raises(TrainingError, match=sentence):
        objective(config("vpl"), trees).refuse(trees)
