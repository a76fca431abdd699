"""Ensembles: members of their own, read together by the written rules, resumed where they stopped."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from scoring.errors import CancelledError, ModelLoadError
from scoring.reward import artefact, load
from scoring.reward.member_config import MEMBERS
from scoring.reward.registry import kind
from scoring.reward.settings import SettingError
from scoring.training.config import RunConfig
from scoring.training.loop import fit
from tests.scoring.training.compared_data import answers, config, everything
from tests.scoring.training.data import HELD, SMALL, TRAIN

K = 3
RUN = {**SMALL, "members": str(K)}


def run(folder, *, settings=(), **more):
    rows: dict[tuple[int, str], float] = {}

    def keep(step, values):
        rows.update({(step, name): value for name, value in values.items()})

    made = RunConfig.from_settings({**RUN, **dict(settings)}, kind_key="ensemble")
    return fit(made, TRAIN, HELD, out_dir=folder, on_metric=keep, **more), rows


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ensemble")
    result, rows = run(folder)
    return folder, result, rows


def ensemble(**settings):
    row = kind("ensemble")
    return row.load(row.make_config(settings))


def sigma(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"combine": "mean"}, lambda z: z.mean()),
        ({"combine": "worst"}, lambda z: z.min()),
        ({"combine": "uncertainty"}, lambda z: z.mean() - 0.5 * z.var()),
        (
            {"combine": "uncertainty", "spread": "deviation", "penalty": "2"},
            lambda z: z.mean() - 2 * z.std(),
        ),
    ],
)
def test_members_are_put_on_a_common_scale_and_combined_by_the_written_rule(settings, rule):
    made = ensemble(members="3", **settings)
    fixed = np.array([[0.0, 10.0, -4.0], [2.0, 30.0, -4.0]])  # the third says one thing only
    made.normalise(fixed)
    centre, spread = np.array([1.0, 20.0, -4.0]), np.array([1.0, 10.0, 1.0])
    said = np.array([2.0, 15.0, -4.5])
    head = torch.tensor([[x for v in said for x in (-v / 2, v / 2)]])  # two classes per member
    z = (said - centre) / spread
    value = rule(z) * spread.mean() + centre.mean()
    assert made.value(head).item() == pytest.approx(value, rel=1e-5)
    assert made.reward(head).item() == pytest.approx(sigma(value), rel=1e-5)
    alone = sigma(z * spread.mean() + centre.mean())
    parts = dict(zip(made.parts, made.part_values(head)[0].tolist(), strict=True))
    assert parts["disagreement"] == pytest.approx(alone.std(), rel=1e-5)
    assert [parts[f"member {j}"] for j in (1, 2, 3)] == pytest.approx(alone.tolist(), rel=1e-5)


def test_members_that_agree_are_read_as_one_of_them():
    """Whatever their scales were: same value after normalising, no disagreement, no penalty."""
    for combine in ("mean", "worst", "uncertainty"):
        made = ensemble(members="2", combine=combine)
        v = torch.linspace(-2, 2, 9)
        made.normalise(torch.stack((v, v), dim=-1).numpy())
        head = torch.stack((-v / 2, v / 2, -v / 2, v / 2), dim=-1)
        torch.testing.assert_close(made.value(head), v)
        assert made.part_values(head)[:, 0].abs().max() < 1e-6


def test_every_member_opens_alone_and_together_they_say_what_the_manifest_fixes(trained):
    folder, result, _ = trained
    names = sorted(p.name for p in folder.iterdir())
    assert names == ["members", "tracewood.json"]
    item = HELD[0]
    alone = [artefact.load(folder / "members" / str(j + 1)) for j in range(K)]
    assert len({m.info["seed"] for m in alone}) == K
    weights = [m.network.head.weight for m in alone]
    assert not torch.equal(weights[0], weights[1])
    model = load(folder)
    made = model.kind
    p = np.stack([m.score(item.problem_text, item.tree).step[1:] for m in alone], axis=-1)
    z = (np.log(p / (1 - p)) - made.centre) / made.spread
    value = z.mean(axis=-1) * np.mean(made.spread) + np.mean(made.centre)
    got = model.score(item.problem_text, item.tree)
    np.testing.assert_allclose(got.step[1:], sigma(value), atol=1e-4)
    np.testing.assert_allclose(
        got.parts["disagreement"].values[1:],
        np.std([got.parts[f"member {j}"].values[1:] for j in (1, 2, 3)], axis=0),
        atol=1e-5,
    )
    assert got.parts["disagreement"].values[1:].max() > 0
    assert np.isnan(got.parts["disagreement"].values[0])
    assert result.provenance["members"] == K
    assert result.steps == K * int(SMALL["steps"])
    assert result.metrics["auroc"].n > 0


def test_scoring_holds_weights_and_nothing_else_of_the_members(trained):
    model = load(trained[0])
    alone = artefact.load(trained[0] / "members" / "1")
    one = sum(p.numel() for p in alone.network.parameters())
    tensors = [*model.network.parameters(), *model.network.buffers()]
    assert sum(p.numel() for p in model.network.parameters()) == K * one
    assert not any(t.requires_grad for t in tensors)
    assert all(t.grad is None for t in model.network.parameters())


def test_the_members_curves_follow_one_another(trained):
    _, _, rows = trained
    steps = int(SMALL["steps"])
    losses = {step: value for (step, name), value in rows.items() if name == "loss"}
    assert {(step - 1) // steps for step in losses} == set(range(K))
    first = [losses[j * steps + 1] for j in range(K)]
    assert len(set(first)) == K, "each starts from weights of its own"


@pytest.mark.parametrize("stop_after", [4, 17, 31])
def test_a_run_stopped_in_any_member_goes_on_in_the_middle_of_it(tmp_path, trained, stop_after):
    _, whole, rows = trained
    seen: list[int] = []
    member = stop_after // int(SMALL["steps"]) + 1
    with pytest.raises(CancelledError, match=f"member {member}: stopped after step"):
        run(
            tmp_path,
            on_progress=lambda done, _total, _words: seen.append(done),
            should_stop=lambda: bool(seen) and seen[-1] >= stop_after,
        )
    finished = [p.parent.name for p in tmp_path.glob("members/*/tracewood.json")]
    assert sorted(finished) == [str(j) for j in range(1, member)]
    result, later = run(tmp_path)
    assert all(step > stop_after for step, _ in later)
    assert all(rows[key] == pytest.approx(value, abs=1e-6) for key, value in later.items())
    assert {n: m.value for n, m in result.metrics.items()} == pytest.approx(
        {n: m.value for n, m in whole.metrics.items()}, nan_ok=True
    )
    one, other = (load(f).score(HELD[0].problem_text, HELD[0].tree) for f in (tmp_path, trained[0]))
    np.testing.assert_allclose(one.step, other.step, atol=1e-6)


def test_a_finished_ensemble_that_is_started_again_trains_nothing(trained):
    folder, first, _ = trained
    again, rows = run(folder)
    assert (again.metrics, again.steps, rows) == (first.metrics, first.steps, {})


def test_generated_trees_are_dealt_to_the_members(tmp_path):
    asked: list[int] = []

    def stream(number):
        asked.append(number)
        return TRAIN[number % len(TRAIN)]

    result, _ = run(
        tmp_path, settings={"members": "2", "steps": "2", "stream_share": "0.5"}, stream=stream
    )
    taken = asked[200:]  # the first are for the tokenizer
    assert result.provenance["generated_traces"] == len(taken)
    assert {number % 2 for number in taken} == {0, 1}
    assert len(set(taken)) == len(taken)


def test_members_of_a_kind_that_compares_have_a_scale_and_a_log_loss(tmp_path):
    train, held = [answers(i) for i in range(12)], [answers(100 + i) for i in range(6)]
    made = config(
        "ensemble", members="2", member="bt_ties", member_settings="model=davidson; pairs=rankings"
    )
    result = fit(made, train, held, out_dir=tmp_path)
    assert result.metrics["pair_accuracy"].value > 0.95
    model = load(tmp_path)
    assert len(set(model.kind.member.references)) == 10
    assert model.kind.member.config.model == "davidson"
    alone = artefact.load(tmp_path / "members" / "1").info["metrics"]
    assert result.metrics["log_loss"].value < 2 * alone["log_loss"]["value"]


@pytest.mark.parametrize("member", MEMBERS)
def test_every_kind_on_the_list_can_be_a_member(tmp_path, member):
    trees = [everything(i) for i in range(4)]
    short = {"steps": "1", "members": "2", "member": member, "combine": "uncertainty"}
    fit(config("ensemble", **short), trees, trees[:2], out_dir=tmp_path)
    model = load(tmp_path)
    assert {artefact.load(p).info["kind"] for p in (tmp_path / "members").iterdir()} == {member}
    found = model.score(trees[0].problem_text, trees[0].tree)
    assert ((found.step[1:] >= 0) & (found.step[1:] <= 1)).all()
    assert np.isfinite(found.parts["disagreement"].values[1:]).all()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"member_settings": "labels"}, "'labels' is not of the form name=value"),
        ({"member_settings": "labels=mild"}, "labels must be one of soft, hard"),
        ({"member_settings": "levels=length"}, "no setting called 'levels'"),
        ({"member_settings": "tiny_layers=2"}, "tiny_layers is set for the ensemble"),
        ({"members": "1"}, "members must be a whole number from 2 to 16"),
        ({"member": "ensemble"}, "member must be one of prm"),
    ],
)
def test_settings_that_no_member_can_have_are_refused(settings, sentence):
    with pytest.raises(SettingError, match=sentence):
        RunConfig.from_settings(settings, kind_key="ensemble")


def test_an_ensemble_is_no_base_and_a_member_of_it_is(tmp_path, trained):
    folder, _, _ = trained
    with pytest.raises(ModelLoadError, match="name the folder of one of its members"):
        artefact.open_decoder(str(folder))
    assert artefact.open_decoder(str(folder / "members" / "2")).module is not None


def test_an_artefact_that_lacks_a_member_or_mixes_kinds_is_named(tmp_path, trained):
    broken = tmp_path / "broken"
    shutil.copytree(trained[0], broken)
    manifest = broken / "members" / "2" / "tracewood.json"
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**said, "kind": "orm"}))
    with pytest.raises(ModelLoadError, match="is of the kind orm, not prm"):
        load(broken)
    manifest.unlink()
    with pytest.raises(ModelLoadError, match=r"members/2 has no tracewood\.json"):
        load(broken)
