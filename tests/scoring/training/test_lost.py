"""What a run does not learn from: counted by reason, and rows without any loss are not run at all."""

from __future__ import annotations

import numpy as np
import torch

from scoring.reward.packing import CostModel
from scoring.training.config import RunConfig
from scoring.training.examples import ExampleMaker, Lost, passes
from scoring.training.losses import Denominators, pass_loss
from scoring.training.objectives.registry import objective
from tests.scoring.reward_cases import all_labelled, chain, forked_tree, tiny_model
from tests.scoring.training.data import TRAIN, run


def sparse():
    """Thirty steps, two of them labelled."""
    item = all_labelled(forked_tree(30))
    item.targets[3:-1] = np.nan
    item.targets[1] = np.nan
    return item


def learnt(model, *, language):
    lost = Lost()
    maker = ExampleMaker(
        model.tokenizer,
        CostModel(weights=10**9, width=64, layers=2),
        model.context,
        60,
        objective(RunConfig.from_settings({})),
        language=language,
    )
    examples = maker.make(sparse(), lost)
    model.network.zero_grad()
    for group in passes(examples, 4096):
        pass_loss(
            model.network,
            model.kind,
            group,
            Denominators.of(examples),
            lm_weight=0.0,
            device=torch.device("cpu"),
        ).total.backward()
    return examples, lost, [p.grad.clone() for p in model.network.parameters()]


def test_rows_that_no_loss_reads_are_left_out_and_change_no_gradient():
    model = tiny_model()
    every, none_lost, wanted = learnt(model, language=True)
    read, lost, got = learnt(model, language=False)
    assert none_lost.rows == 0
    assert lost.rows == len(every) - len(read) > 0
    assert all(len(example.units) for example in read)
    assert sum(len(example.units) for example in read) == 2
    for a, b in zip(wanted, got, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


def test_a_run_names_the_problems_whose_labels_lie_too_deep(tmp_path):
    deep = all_labelled(chain(12, "one two three"), key="too deep")
    result, _ = run(tmp_path, {"tiny_context": "40", "steps": "1"}, train=[*TRAIN, deep])
    told = result.provenance
    assert told["labels_beyond_context"] == told["lost"]["path longer than the context"] > 0
    assert told["problems_beyond_context"] == ["too deep"]


def test_a_next_token_loss_reads_rows_without_a_label_too(tmp_path):
    left_out = {}
    for lm_weight in ("0", "1"):
        settings = {"steps": "1", "pass_tokens": "60", "lm_weight": lm_weight}
        result, _ = run(tmp_path / lm_weight, settings, train=[*TRAIN, sparse()], held=[])
        left_out[lm_weight] = result.provenance["rows_without_label"]
    assert left_out["0"] > left_out["1"]
