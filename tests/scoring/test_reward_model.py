"""Scoring a tree: packed equals plain, tokens telescope, costs are what they should be."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from scoring.errors import AlignmentError, PackingError
from scoring.reward import network as network_module
from scoring.reward import selfcheck
from scoring.reward.packing import rows
from scoring.reward.scorer import Item
from scoring.reward.scores import StepTokens
from scoring.tree import Tree
from tests.scoring.reward_cases import NASTY, chain, forked_tree, tiny_model

PROMPT = "Work out 12 + 34."


def close(a, b, atol=1e-4):
    np.testing.assert_allclose(a, b, atol=atol)


@pytest.mark.parametrize("budget", [40, 200, 4096])
@pytest.mark.parametrize("head", ["two_class", "scalar"])
def test_packed_scores_equal_those_of_one_path_at_a_time(budget, head, monkeypatch):
    monkeypatch.setattr("scoring.reward.model.ROW_BUDGET", budget)
    model = tiny_model(head=head)
    tree = forked_tree(40)
    packed, plain = model.score(PROMPT, tree), model.score_plain(PROMPT, tree)
    close(packed.step, plain.step)
    assert abs(packed.root - plain.root) < 1e-4
    assert np.nanstd(packed.step) > 0.01
    for position, tokens in packed.tokens.items():
        close(tokens.running, plain.tokens[position].running)


def test_scores_are_probabilities_aligned_with_the_trees_ids():
    tree = forked_tree(12)
    scores = tiny_model().score(PROMPT, tree)
    assert scores.step.dtype == np.float32
    assert scores.step.shape == tree.ids.shape
    assert np.isnan(scores.step[0])
    assert np.all((scores.step[1:] >= 0) & (scores.step[1:] <= 1))
    assert scores.scale == "probability"


def test_a_score_depends_on_the_path_and_not_on_siblings_or_their_order():
    model = tiny_model()
    step = {"id": 1, "parent": 0, "text": "Take 12 + 34 = 46."}
    other = {"id": 2, "parent": 0, "text": "Take 99 − 1 = 98."}
    root = {"id": 0, "parent": None, "text": ""}
    alone = model.score(PROMPT, Tree.from_records([root, step])).step[1]
    last = model.score(PROMPT, Tree.from_records([root, other, step])).step[2]
    assert abs(alone - last) < 1e-5


def test_the_problem_text_is_read_and_the_roots_text_is_not():
    model = tiny_model()
    records = [{"id": 0, "parent": None, "text": "a"}, {"id": 1, "parent": 0, "text": "x"}]
    first = model.score(PROMPT, Tree.from_records(records)).step[1]
    records[0]["text"] = "b"
    assert model.score(PROMPT, Tree.from_records(records)).step[1] == first
    assert model.score("Another problem", Tree.from_records(records)).step[1] != first


@pytest.mark.parametrize("text", NASTY)
def test_pieces_rejoin_and_credits_sum_to_the_change_of_score(text):
    tree = forked_tree(8, text=text)
    scores = tiny_model().score(PROMPT, tree)
    for position, tokens in scores.tokens.items():
        spans = zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)
        assert "".join(tree.text[position][a:b] for a, b in spans) == text
        parent = tree.parent[position]
        before = scores.step[parent] if parent else scores.root
        assert abs(tokens.credit.sum() - (scores.step[position] - before)) < 1e-5
        assert tokens.running[-1] == scores.step[position]


def test_stored_bytes_give_the_same_arrays_back():
    tokens = tiny_model().score(PROMPT, forked_tree(3)).tokens[1]
    again = StepTokens.from_bytes(tokens.start, *tokens.to_bytes())
    for name in ("starts", "ends", "running"):
        np.testing.assert_array_equal(getattr(again, name), getattr(tokens, name))
    assert tokens.to_bytes()[2] == tokens.running.astype("<f4").tobytes()


def test_the_tokens_through_the_model_are_the_unique_ones_and_the_repeated_ancestors(monkeypatch):
    monkeypatch.setattr("scoring.reward.model.ROW_BUDGET", 150)
    model = tiny_model()
    tree = forked_tree(60)
    model.score(PROMPT, tree)  # the self-check's passes are over
    seen: list[int] = []
    hook = model.network.backbone.get_input_embeddings().register_forward_pre_hook(
        lambda _module, inputs: seen.append(inputs[0].numel())
    )
    before = model.counter.tokens
    model.score(PROMPT, tree)
    hook.remove()
    encoding = model.encode(PROMPT, tree)
    cut = rows(encoding.tree, model.cost, budget=150)
    repeated = sum(row.first_own for row in cut)
    unique = len(encoding.tree.ids)
    leaves = tree.leaves
    per_path = int(encoding.tree.path_tokens()[leaves].sum())
    assert len(cut) > 1
    assert sum(seen) == model.counter.tokens - before == unique + repeated
    assert unique + repeated < per_path


def causal_only(last):
    index = torch.arange(last.shape[1])
    return (index[None, :] <= index[:, None])[None, None].expand(last.shape[0], 1, -1, -1)


def test_the_self_check_refuses_a_wrong_mask(monkeypatch):
    monkeypatch.setattr(network_module, "tree_mask", causal_only)
    with pytest.raises(PackingError, match="packed and plain passes differ by"):
        tiny_model().score(PROMPT, forked_tree(6))


def test_the_self_check_refuses_wrong_positions(monkeypatch):
    collate = network_module.collate

    def counted(laid, device="cpu"):
        batch = collate(laid, device)
        batch.position.copy_(torch.arange(batch.ids.shape[1]))
        return batch

    monkeypatch.setattr("scoring.reward.model.collate", counted)
    with pytest.raises(PackingError, match="use another base"):
        tiny_model().score(PROMPT, forked_tree(6))


def test_the_self_check_sees_a_fault_that_the_head_hides(monkeypatch):
    monkeypatch.setattr(network_module, "tree_mask", causal_only)
    model = tiny_model()
    with torch.no_grad():
        model.network.head.weight.zero_()
    with pytest.raises(PackingError):
        model.score(PROMPT, forked_tree(6))


def test_eager_attention_with_a_boolean_mask_is_refused():
    model = tiny_model()
    model.network.backbone.set_attn_implementation("eager")
    with pytest.raises(PackingError):
        model.score(PROMPT, forked_tree(6))


@pytest.mark.parametrize("context", [1, 40, 4096])
def test_the_self_check_compares_paths_of_a_row_with_a_branch(context):
    model = tiny_model()
    probe = selfcheck.probe(model.tokenizer.separator, context)
    assert selfcheck.run(model, probe, uncut=True)
    line = selfcheck.join_tokens([np.zeros(2, np.int32)] * 3, np.array([-1, 0, 1]))
    assert not selfcheck.run(model, line, uncut=True)


def test_a_self_check_without_a_branch_is_no_check(monkeypatch):
    line = selfcheck.join_tokens([np.zeros(2, np.int32)] * 3, np.array([-1, 0, 1]))
    monkeypatch.setattr(selfcheck, "probe", lambda vocabulary, context: line)
    with pytest.raises(PackingError, match="no branch to compare"):
        tiny_model().self_check()


def test_steps_beyond_the_context_are_reported_and_the_others_scored():
    model = tiny_model(context=40)
    scores = model.score("P", chain(30))
    reached = np.flatnonzero(~np.isnan(scores.step))
    assert 1 < len(reached) < 30
    assert sorted(scores.skipped) == [i for i in range(1, 31) if i not in reached]
    assert scores.skipped[30] == "its path is longer than the 40 tokens that the model reads"
    assert set(scores.tokens) == set(reached.tolist())


def test_a_problem_longer_than_the_context_leaves_every_step_out_with_a_reason():
    scores = tiny_model(context=16).score("12 + " * 30, chain(3))
    assert np.isnan(scores.step).all()
    assert set(scores.skipped) == {0, 1, 2, 3}
    assert np.isnan(scores.root)


def test_a_path_of_depth_20000_is_scored_as_far_as_the_context_goes():
    scores = tiny_model(context=256).score("P", chain(20_000, "a"))
    scored = int((~np.isnan(scores.step)).sum())
    assert scored + len(scores.skipped) == 20_000
    assert scored > 50


def test_a_tree_of_one_node_has_nothing_to_score():
    scores = tiny_model().score(PROMPT, Tree.from_records([{"id": 0, "parent": None, "text": ""}]))
    assert np.isnan(scores.step).all()
    assert not scores.tokens
    assert 0 < scores.root < 1


def test_invalid_unicode_is_refused_with_its_place():
    with pytest.raises(AlignmentError, match="character 1"):
        tiny_model().score("x\udcff", chain(1))


def test_many_trees_come_back_in_order():
    model = tiny_model()
    trees = [forked_tree(5, seed) for seed in range(3)]
    many = list(model.score_many(Item(PROMPT, tree) for tree in trees))
    for tree, scores in zip(trees, many, strict=True):
        close(scores.step, model.score(PROMPT, tree).step, atol=1e-6)


def test_the_package_and_its_registry_import_without_torch():
    code = (
        "import sys, scoring.reward, scoring.reward.registry, scoring.reward.config, "
        "scoring.training, scoring.training.config, scoring.training.targets, "
        "scoring.training.dataset, scoring.evaluation, scoring.evaluation.registry\n"
        "from scoring.reward import load\n"
        "print([m for m in ('torch', 'transformers', 'tokenizers') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_flex_attention_gives_the_numbers_of_sdpa(tmp_path):
    from scoring.reward.artefact import load
    from tests.scoring.reward_cases import saved

    folder = saved(tmp_path)
    tree = forked_tree(40)
    masked = load(folder, "cuda", attention="sdpa").score(PROMPT, tree)
    blocked = load(folder, "cuda", attention="flex").score(PROMPT, tree)
    close(masked.step, blocked.step)
